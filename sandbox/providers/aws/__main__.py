"""The plugin ``pulumi-resource-aws`` of the sandbox."""

from sandbox.providers.aws.provider import Aws
from sandbox.standin.plugin import serve

serve(Aws())
