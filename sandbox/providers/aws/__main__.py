"""The plugin ``pulumi-resource-aws`` of the sandbox."""

from sandbox.standin.protocol import import_protocol_only

import_protocol_only()

from sandbox.providers.aws.provider import Aws  # noqa: E402
from sandbox.standin.plugin import serve  # noqa: E402

serve(Aws())
