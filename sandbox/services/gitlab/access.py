"""Authentication and authorization of requests.

Sources: GitLab's `lib/api/api_guard.rb` and `lib/api/helpers.rb`, and the roles and token scopes in its
documentation.
"""

import re
from typing import TypeVar, cast
from urllib.parse import quote

from flask import current_app, g, request

from sandbox.services.gitlab.refusals import forbidden, insufficient_scope, not_found, unauthorized
from sandbox.services.gitlab.state import AccessToken, Group, Instance, Project, Role, User

INSTANCE = "gitlab_instance"

Place = TypeVar("Place", Group, Project)


def instance() -> Instance:
    """The GitLab instance of the current request."""
    return cast("Instance", current_app.extensions[INSTANCE])


def authenticate() -> None:
    """Authenticates the user of the current request by its token, and checks the token's scopes.

    The token is in the header PRIVATE-TOKEN, a bearer Authorization or the parameter `private_token`.

    Raises:
        RefusalError: 401 without a known token; 403 if its scopes do not include this request.
    """
    authorization = request.authorization
    bearer = authorization.token if authorization and authorization.type == "bearer" else None
    secret = request.headers.get("Private-Token") or bearer or request.args.get("private_token") or ""
    token = instance().tokens.get(secret)
    if token is None:
        raise unauthorized()
    if not _reaches(token):
        raise insufficient_scope()
    g.user = token.user


def _reaches(token: AccessToken) -> bool:
    path = request.path.removeprefix("/api/v4")
    reach = {
        "api": True,
        "read_api": request.method == "GET",
        "read_user": request.method == "GET" and path == "/user",
        "create_runner": request.method == "POST" and path == "/user/runners",
        "manage_runner": re.fullmatch(r"/runners/[0-9]+(/.*)?", path) is not None,
    }
    return any(reach[scope] for scope in token.scopes)


def current_user() -> User:
    """The authenticated user of the current request."""
    return cast("User", g.user)


def role_in(place: Group | Project) -> Role:
    """The current user's role in a group, or in the group of a project."""
    user = current_user()
    if user.administrator:
        return Role.OWNER
    group = place.group if isinstance(place, Project) else place
    return user.roles.get(group.id, Role.NONE)


def require_role(place: Group | Project, role: Role) -> None:
    """Raises 403 unless the current user has at least this role."""
    if role_in(place) < role:
        raise forbidden()


def require_administrator() -> None:
    """Raises 403 unless the current user is an administrator."""
    if not current_user().administrator:
        raise forbidden()


def find_group(identifier: str) -> Group:
    """The group with this id or path; 404 if not found or if the user is not a member."""
    return _found(instance().groups, identifier, "Group")


def find_project(identifier: str) -> Project:
    """The project with this id or full path; 404 if not found or if the user is not a member."""
    return _found(instance().projects, identifier, "Project")


def _found(places: dict[int, Place], identifier: str, kind: str) -> Place:
    for place in places.values():
        if _is_meant(identifier, place) and role_in(place) > Role.NONE:
            return place
    raise not_found(kind)


def _is_meant(identifier: str, place: Group | Project) -> bool:
    """Whether an identifier is that of this group or project: its id, or its URL-encoded path."""
    if identifier == place.full_path and "/" in place.full_path:
        return quote(place.full_path, safe="").lower() in request.environ["REQUEST_URI"].lower()
    return identifier in (str(place.id), place.full_path)
