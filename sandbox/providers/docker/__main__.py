"""The plugin's process: `pulumi-resource-docker`."""

from sandbox.providers.docker.provider import Docker
from sandbox.providers.plugin import serve

serve(Docker())
