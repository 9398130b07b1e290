"""The GitLab double: the parts of GitLab's REST API v4 that a stack and its runners use.

It keeps its state in memory, and refuses requests as GitLab does: errors of authentication, permissions,
scopes, runners and CI variables have GitLab's status codes and message formats. Its modules document where it
is stricter than GitLab.

Run it with `python -m sandbox.services.gitlab --port PORT`.
"""

from sandbox.services.gitlab.application import create_application

__all__ = ["create_application"]
