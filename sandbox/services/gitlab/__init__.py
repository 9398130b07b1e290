"""The GitLab double: the parts of GitLab's REST API v4 that a stack and its runners use.

It keeps everything in memory and is faithful in what it refuses: authentication, permissions, scopes and the
rules of runners and CI variables answer with GitLab's status codes and message shapes. Where it is stricter
than GitLab, its modules say so.

Run it with `python -m sandbox.services.gitlab --port PORT`.
"""

from sandbox.services.gitlab.application import create_application
from sandbox.services.gitlab.snapshot import snapshot

__all__ = ["create_application", "snapshot"]
