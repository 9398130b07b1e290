"""The plugin's process: `pulumi-resource-gitlab`."""

from sandbox.providers.gitlab.provider import GitLab
from sandbox.providers.plugin import serve

serve(GitLab())
