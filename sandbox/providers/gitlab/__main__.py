"""The plugin's process: `pulumi-resource-gitlab`."""

from sandbox.standin.protocol import import_protocol_only

import_protocol_only()

from sandbox.providers.gitlab.provider import GitLab  # noqa: E402
from sandbox.standin.plugin import serve  # noqa: E402

serve(GitLab())
