"""Groups and projects.

Sources: GitLab's `lib/api/groups.rb` and `lib/api/projects.rb`, and the models `Namespace`, `Group` and
`Project`. Simpler than GitLab: there are no subgroups, projects belong to groups only, all are private and
cannot be transferred, and a deletion is immediate, where GitLab has a deletion delay of some days.
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
from sandbox.services.gitlab.parameters import PAGINATION, Parameter, integer, read_parameters
from sandbox.services.gitlab.refusals import RefusalError, invalid
from sandbox.services.gitlab.state import Group, Project, Role

_PATH = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]*[a-zA-Z0-9])?")
_PATH_RULE = (
    "can only include non-accented letters, digits, '_', '-' and '.'. "
    "It must not start with '-', '_', or '.', nor end with '-', '_', '.', '.git', or '.atom'."
)
_CHANGES = (Parameter("name"), Parameter("path"), Parameter("description"))

blueprint = Blueprint("groups_and_projects", __name__)
blueprint.before_request(authenticate)


@blueprint.get("/groups")
def list_groups() -> Response:
    """Lists the groups that the user is a member of; an administrator sees all."""
    parameters = read_parameters(PAGINATION)
    groups = [group for group in instance().groups.values() if role_in(group) > Role.NONE]
    return page_of([group_details(group) for group in groups], parameters)


@blueprint.post("/groups")
def create_group() -> ResponseReturnValue:
    """Creates a group, which the user owns."""
    given = read_parameters(
        (Parameter("name", required=True), Parameter("path", required=True), Parameter("description"))
    )
    group = Group(0, **given)
    if errors := dict(_problems(group)):
        shown = ", ".join(f':{attribute}=>["{problem}"]' for attribute, problem in errors.items())
        raise RefusalError(400, {"message": f"Failed to save group {{{shown}}}"})
    group.id = next(instance().group_ids)
    instance().groups[group.id] = group
    current_user().roles[group.id] = Role.OWNER
    return jsonify(group_details(group)), 201


@blueprint.get("/groups/<path:identifier>")
def show_group(identifier: str) -> Response:
    """Shows a group by id or path."""
    read_parameters()
    return jsonify(group_details(find_group(identifier)))


@blueprint.put("/groups/<path:identifier>")
def change_group(identifier: str) -> Response:
    """Changes the name, path or description."""
    group = find_group(identifier)
    require_role(group, Role.OWNER)
    _change(group, read_parameters(_CHANGES))
    return jsonify(group_details(group))


@blueprint.delete("/groups/<path:identifier>")
def delete_group(identifier: str) -> ResponseReturnValue:
    """Deletes a group, with its projects and runners."""
    group = find_group(identifier)
    require_role(group, Role.OWNER)
    read_parameters()
    state = instance()
    for project in [one for one in state.projects.values() if one.group is group]:
        _forget(project)
    del state.groups[group.id]
    for runner in [one for one in state.runners.values() if one.group is group]:
        del state.runners[runner.id]
    return jsonify(message="202 Accepted"), 202


@blueprint.get("/projects")
def list_projects() -> Response:
    """Lists the projects that the user is a member of; an administrator sees all."""
    parameters = read_parameters(PAGINATION)
    projects = [project for project in instance().projects.values() if role_in(project) > Role.NONE]
    return page_of([project_details(project) for project in projects], parameters)


@blueprint.post("/projects")
def create_project() -> ResponseReturnValue:
    """Creates a project in a group."""
    given = read_parameters(
        (
            Parameter("name", required=True),
            Parameter("path"),
            Parameter("namespace_id", integer, required=True),
            Parameter("description"),
            Parameter("visibility", values=("private",)),
        )
    )
    given.pop("visibility", None)
    group = instance().groups.get(given.pop("namespace_id"))
    if group is None or role_in(group) < Role.DEVELOPER:
        raise invalid({"namespace": ["is not valid"]})
    given.setdefault("path", re.sub(r"[^a-z0-9_.-]+", "-", given["name"].lower()).strip("-"))
    project = Project(0, group=group, **given)
    _require_valid(project)
    project.id = next(instance().project_ids)
    instance().projects[project.id] = project
    return jsonify(project_details(project)), 201


@blueprint.get("/projects/<path:identifier>")
def show_project(identifier: str) -> Response:
    """Shows a project by id or full path."""
    read_parameters()
    return jsonify(project_details(find_project(identifier)))


@blueprint.put("/projects/<path:identifier>")
def change_project(identifier: str) -> Response:
    """Changes the name, path or description."""
    project = find_project(identifier)
    require_role(project, Role.MAINTAINER)
    _change(project, read_parameters(_CHANGES))
    return jsonify(project_details(project))


@blueprint.delete("/projects/<path:identifier>")
def delete_project(identifier: str) -> ResponseReturnValue:
    """Deletes a project, and the runners that are assigned only to it."""
    project = find_project(identifier)
    require_role(project, Role.OWNER)
    read_parameters()
    _forget(project)
    return jsonify(message="202 Accepted"), 202


def group_details(group: Group) -> dict[str, Any]:
    """A group as the API shows it."""
    return {
        "id": group.id,
        "web_url": f"{request.host_url}groups/{group.path}",
        "name": group.name,
        "path": group.path,
        "full_name": group.name,
        "full_path": group.path,
        "description": group.description,
        "visibility": "private",
        "parent_id": None,
    }


def project_details(project: Project) -> dict[str, Any]:
    """A project as the API shows it."""
    group = project.group
    return {
        "id": project.id,
        "name": project.name,
        "name_with_namespace": f"{group.name} / {project.name}",
        "path": project.path,
        "path_with_namespace": project.full_path,
        "description": project.description,
        "default_branch": "main",
        "visibility": "private",
        "web_url": f"{request.host_url}{project.full_path}",
        "namespace": {
            "id": group.id,
            "name": group.name,
            "path": group.path,
            "kind": "group",
            "full_path": group.path,
        },
    }


def _change(place: Group | Project, new: dict[str, Any]) -> None:
    """Changes a group or project; an invalid change is reverted."""
    old = {name: getattr(place, name) for name in new}
    vars(place).update(new)
    try:
        _require_valid(place)
    except RefusalError:
        vars(place).update(old)
        raise


def _require_valid(place: Group | Project) -> None:
    if errors := dict(_problems(place)):
        raise invalid({attribute: [problem] for attribute, problem in errors.items()})


def _problems(place: Group | Project) -> Iterator[tuple[str, str]]:
    """The validation errors of the name and the path."""
    if not place.name.strip():
        yield "name", "can't be blank"
    elif any(_same(place.name, other.name) for other in _siblings(place)):
        yield "name", "has already been taken"
    if not _PATH.fullmatch(place.path) or place.path.endswith((".git", ".atom")):
        yield "path", _PATH_RULE
    elif any(_same(place.path, other.path) for other in _siblings(place)):
        yield "path", "has already been taken"


def _siblings(place: Group | Project) -> Iterator[Group | Project]:
    """The other groups, or the other projects of a project's group."""
    state = instance()
    if isinstance(place, Group):
        yield from (other for other in state.groups.values() if other is not place)
    else:
        of_group = (other for other in state.projects.values() if other.group is place.group)
        yield from (other for other in of_group if other is not place)


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _forget(project: Project) -> None:
    state = instance()
    del state.projects[project.id]
    for runner in [one for one in state.runners.values() if project in one.projects]:
        runner.projects.remove(project)
        if not runner.projects:
            del state.runners[runner.id]
    for job in [one for one in state.jobs.values() if one.project is project]:
        del state.jobs[job.id]
