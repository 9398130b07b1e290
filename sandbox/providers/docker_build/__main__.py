"""The plugin's process: `pulumi-resource-docker-build`."""

from sandbox.standin.protocol import import_protocol_only

import_protocol_only()

from sandbox.providers.docker_build.provider import DockerBuild  # noqa: E402
from sandbox.standin.plugin import serve  # noqa: E402

serve(DockerBuild())
