"""The plugin's process: `pulumi-resource-docker`."""

from sandbox.standin.protocol import import_protocol_only

import_protocol_only()

from sandbox.providers.docker.provider import Docker  # noqa: E402
from sandbox.standin.plugin import serve  # noqa: E402

serve(Docker())
