"""The plugin's process: `pulumi-resource-docker-build`."""

from sandbox.providers.docker_build.provider import DockerBuild
from sandbox.standin.plugin import serve

serve(DockerBuild())
