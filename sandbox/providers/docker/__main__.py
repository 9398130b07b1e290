"""The plugin's process: `pulumi-resource-docker`."""

from sandbox.providers.docker.provider import Docker
from sandbox.standin.plugin import serve

serve(Docker())
