"""Groups and projects.

Sources: GitLab's `lib/api/groups.rb` and `lib/api/projects.rb`, and the models `Namespace`, `Group` and
`Project`. Simpler than GitLab: projects belong to groups only, and a deletion takes effect at once, where
GitLab keeps what is marked for deletion for some days.
"""

import re
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.services.gitlab.access import (
    authenticate,
    current_user,
    find_group,
    find_project,
    instance,
    require_role,
    role_in,
)
from sandbox.services.gitlab.pages import page_of
from sandbox.services.gitlab.parameters import PAGINATION, Parameter, boolean, integer, read_parameters
from sandbox.services.gitlab.refusals import RefusalError, bad_request, invalid, not_found
from sandbox.services.gitlab.state import Group, Project, Role

VISIBILITIES = ("private", "internal", "public")
"""From the most closed to the most open."""

_PATH = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]*[a-zA-Z0-9])?")
_PATH_RULE = (
    "can only include non-accented letters, digits, '_', '-' and '.'. "
    "It must not start with '-', '_', or '.', nor end with '-', '_', '.', '.git', or '.atom'."
)
_DESCRIBED = (Parameter("description"), Parameter("visibility", values=VISIBILITIES))
_OF_PROJECT = (
    *_DESCRIBED,
    Parameter("shared_runners_enabled", boolean),
    Parameter("group_runners_enabled", boolean),
)

blueprint = Blueprint("groups_and_projects", __name__)
blueprint.before_request(authenticate)


@blueprint.get("/groups")
def list_groups() -> Response:
    """The groups that the user is a member of; an administrator sees all."""
    parameters = read_parameters(PAGINATION)
    groups = [group for group in instance().groups.values() if role_in(group) > Role.NONE]
    return page_of([group_details(group) for group in groups], parameters)


@blueprint.post("/groups")
def create_group() -> ResponseReturnValue:
    """A new group, which belongs to the user."""
    given = read_parameters(
        (
            Parameter("name", required=True),
            Parameter("path", required=True),
            Parameter("parent_id", integer),
            *_DESCRIBED,
        )
    )
    parent = _parent(given.pop("parent_id", None))
    group = Group(0, parent=parent, **given)
    _refuse_group(group)
    group.id = next(instance().group_ids)
    instance().groups[group.id] = group
    current_user().roles[group.id] = Role.OWNER
    return jsonify(group_details(group)), 201


@blueprint.get("/groups/<path:identifier>")
def show_group(identifier: str) -> Response:
    """One group by id or path."""
    read_parameters()
    return jsonify(group_details(find_group(identifier)))


@blueprint.put("/groups/<path:identifier>")
def change_group(identifier: str) -> Response:
    """Another name, path, description or visibility."""
    group = find_group(identifier)
    require_role(group, Role.OWNER)
    given = read_parameters((Parameter("name"), Parameter("path"), *_DESCRIBED))
    _change(group, given)
    return jsonify(group_details(group))


@blueprint.post("/groups/<path:identifier>/transfer")
def transfer_group(identifier: str) -> ResponseReturnValue:
    """Another group above it, or none."""
    group = find_group(identifier)
    require_role(group, Role.OWNER)
    parent = _parent(read_parameters((Parameter("group_id", integer),)).get("group_id"))
    if parent and group in parent.lineage:
        raise bad_request("Transfer failed: Cannot transfer group to one of its subgroups.")
    _change(group, {"parent": parent})
    return jsonify(group_details(group)), 201


@blueprint.delete("/groups/<path:identifier>")
def delete_group(identifier: str) -> ResponseReturnValue:
    """The end of a group, of those below it, and of their projects and runners."""
    deleted = find_group(identifier)
    require_role(deleted, Role.OWNER)
    read_parameters()
    state = instance()
    for project in [one for one in state.projects.values() if deleted in one.group.lineage]:
        _forget(project)
    for group in [one for one in state.groups.values() if deleted in one.lineage]:
        del state.groups[group.id]
        for runner in [one for one in state.runners.values() if one.group is group]:
            del state.runners[runner.id]
    return jsonify(message="202 Accepted"), 202


@blueprint.get("/projects")
def list_projects() -> Response:
    """The projects that the user is a member of; an administrator sees all."""
    parameters = read_parameters(PAGINATION)
    projects = [project for project in instance().projects.values() if role_in(project) > Role.NONE]
    return page_of([project_details(project) for project in projects], parameters)


@blueprint.post("/projects")
def create_project() -> ResponseReturnValue:
    """A new project of a group. There are no repositories here, so a README changes nothing."""
    given = read_parameters(
        (
            Parameter("name", required=True),
            Parameter("path"),
            Parameter("namespace_id", integer, required=True),
            Parameter("initialize_with_readme", boolean),
            *_OF_PROJECT,
        )
    )
    group = instance().groups.get(given.pop("namespace_id"))
    if group is None or role_in(group) < Role.DEVELOPER:
        raise invalid({"namespace": ["is not valid"]})
    given.pop("initialize_with_readme", None)
    given.setdefault("path", re.sub(r"[^a-z0-9_.-]+", "-", given["name"].lower()).strip("-"))
    project = Project(0, group=group, **given)
    _refuse_project(project)
    project.id = next(instance().project_ids)
    instance().projects[project.id] = project
    return jsonify(project_details(project)), 201


@blueprint.get("/projects/<path:identifier>")
def show_project(identifier: str) -> Response:
    """One project by id or path with namespace."""
    read_parameters()
    return jsonify(project_details(find_project(identifier)))


@blueprint.put("/projects/<path:identifier>")
def change_project(identifier: str) -> Response:
    """Another name, path, description or visibility, or other runners."""
    project = find_project(identifier)
    require_role(project, Role.MAINTAINER)
    _change(project, read_parameters((Parameter("name"), Parameter("path"), *_OF_PROJECT)))
    return jsonify(project_details(project))


@blueprint.put("/projects/<path:identifier>/transfer")
def transfer_project(identifier: str) -> Response:
    """Another group."""
    project = find_project(identifier)
    require_role(project, Role.OWNER)
    given = read_parameters((Parameter("namespace", required=True, kind=lambda value: str(value)),))
    _change(project, {"group": find_group(given["namespace"])})
    return jsonify(project_details(project))


@blueprint.delete("/projects/<path:identifier>")
def delete_project(identifier: str) -> ResponseReturnValue:
    """Delete a project, and the runners that belong only to it."""
    project = find_project(identifier)
    require_role(project, Role.OWNER)
    read_parameters()
    _forget(project)
    return jsonify(message="202 Accepted"), 202


def group_details(group: Group) -> dict[str, Any]:
    """A group as the API shows it."""
    return {
        "id": group.id,
        "web_url": f"{request.host_url}groups/{group.full_path}",
        "name": group.name,
        "path": group.path,
        "full_name": group.full_name,
        "full_path": group.full_path,
        "description": group.description,
        "visibility": group.visibility,
        "parent_id": group.parent.id if group.parent else None,
    }


def project_details(project: Project) -> dict[str, Any]:
    """A project as the API shows it."""
    group = project.group
    return {
        "id": project.id,
        "name": project.name,
        "name_with_namespace": f"{group.full_name} / {project.name}",
        "path": project.path,
        "path_with_namespace": project.full_path,
        "description": project.description,
        "default_branch": "main",
        "visibility": project.visibility,
        "archived": False,
        "shared_runners_enabled": project.shared_runners_enabled,
        "group_runners_enabled": project.group_runners_enabled,
        "web_url": f"{request.host_url}{project.full_path}",
        "http_url_to_repo": f"{request.host_url}{project.full_path}.git",
        "ssh_url_to_repo": f"git@{request.host.split(':')[0]}:{project.full_path}.git",
        "namespace": {
            "id": group.id,
            "name": group.name,
            "path": group.path,
            "kind": "group",
            "full_path": group.full_path,
        },
    }


def _parent(number: int | None) -> Group | None:
    """The group under which the user may make another; None for the top."""
    if not number:
        return None
    parent = instance().groups.get(number)
    if parent is None or role_in(parent) == Role.NONE:
        raise not_found("Group")
    require_role(parent, Role.MAINTAINER)
    return parent


def _change(place: Group | Project, new: dict[str, Any]) -> None:
    """Changes a group or project; one that breaks a rule stays as it was."""
    old = {name: getattr(place, name) for name in new}
    vars(place).update(new)
    try:
        if isinstance(place, Group):
            _refuse_group(place)
        else:
            _refuse_project(place)
    except RefusalError:
        vars(place).update(old)
        raise


def _refuse_group(group: Group) -> None:
    errors = dict(_problems(group, group.parent))
    if any(_same(group.name, other.name) for other in _siblings(group, group.parent, Group)):
        errors.setdefault("name", "has already been taken")
    if group.parent and _more_open(group.visibility, group.parent.visibility):
        above = f"the parent group has a {group.parent.visibility} visibility"
        errors["visibility_level"] = f"{group.visibility} is not allowed since {above}."
    if errors:
        shown = ", ".join(f'{attribute}: ["{problem}"]' for attribute, problem in errors.items())
        raise RefusalError(400, {"message": f"Failed to save group {{{shown}}}"})


def _refuse_project(project: Project) -> None:
    errors = dict(_problems(project, project.group))
    if any(_same(project.name, other.name) for other in _siblings(project, project.group, Project)):
        errors.setdefault("name", "has already been taken")
    if _more_open(project.visibility, project.group.visibility):
        errors["visibility_level"] = (
            f"{project.visibility} is not allowed in a {project.group.visibility} group."
        )
    if errors:
        raise invalid({attribute: [problem] for attribute, problem in errors.items()})


def _problems(place: Group | Project, parent: Group | None) -> Iterator[tuple[str, str]]:
    """What is wrong with the name and the path."""
    if not place.name.strip():
        yield "name", "can't be blank"
    if not _PATH.fullmatch(place.path) or place.path.endswith((".git", ".atom")):
        yield "path", _PATH_RULE
    elif any(_same(place.path, other.path) for other in _siblings(place, parent, (Group, Project))):
        yield "path", "has already been taken"


def _siblings(
    place: Group | Project, parent: Group | None, kind: type[Any] | tuple[type[Any], ...]
) -> Iterator[Group | Project]:
    state = instance()
    others: list[Group | Project] = [*state.groups.values(), *state.projects.values()]
    for other in others:
        above = other.parent if isinstance(other, Group) else other.group
        if other is not place and above is parent and isinstance(other, kind):
            yield other


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _more_open(visibility: str, above: str) -> bool:
    return VISIBILITIES.index(visibility) > VISIBILITIES.index(above)


def _forget(project: Project) -> None:
    state = instance()
    del state.projects[project.id]
    for runner in [one for one in state.runners.values() if project in one.projects]:
        runner.projects.remove(project)
        if not runner.projects:
            del state.runners[runner.id]
    for job in [one for one in state.jobs.values() if one.project is project]:
        del state.jobs[job.id]
