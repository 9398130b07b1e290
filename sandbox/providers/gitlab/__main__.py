"""The plugin's process: `pulumi-resource-gitlab`."""

from sandbox.providers.gitlab.provider import GitLab
from sandbox.standin.plugin import serve

serve(GitLab())
