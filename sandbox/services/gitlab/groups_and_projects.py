"""Groups and projects.

Sources: GitLab's `lib/api/groups.rb` and `lib/api/projects.rb`, and the models `Namespace`, `Group` and
`Project`. Simpler than GitLab: there are no subgroups, projects belong to groups only, all are private and
cannot be transferred, and a deletion is immediate, where GitLab has a deletion delay of some days.
"""

import re
from dataclasses import replace
from typing import Any

from flask import request

from sandbox.services.gitlab.access import Place, current_user, instance, role_in
from sandbox.services.gitlab.endpoints import endpoint
from sandbox.services.gitlab.parameters import Parameter, integer
from sandbox.services.gitlab.refusals import (
    Errors,
    RefusalError,
    blank,
    inspected,
    invalid,
    present,
    require_valid,
)
from sandbox.services.gitlab.state import Group, Project, Role

_PATH = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]*[a-zA-Z0-9])?")
_PATH_RULE = (
    "can only include non-accented letters, digits, '_', '-' and '.'. "
    "It must not start with '-', '_', or '.', nor end with '-', '_', '.', '.git', or '.atom'."
)
_NAME = Parameter("name", required=True)
_DESCRIPTION = Parameter("description")
_CHANGES = (Parameter("name"), Parameter("path"), _DESCRIPTION)
_ACCEPTED = {"message": "202 Accepted"}


@endpoint("GET /groups", paged=True)
def list_groups() -> list[dict[str, Any]]:
    """Lists the groups that the user is a member of; an administrator sees all."""
    return [group_details(group) for group in instance().groups.values() if role_in(group) > Role.NONE]


@endpoint("POST /groups", _NAME, Parameter("path", required=True), _DESCRIPTION, status=201)
def create_group(asked: dict[str, Any]) -> dict[str, Any]:
    """Creates a group, which the user owns."""
    group = Group(0, **asked)
    if errors := present(_errors(group, instance().groups)):
        raise RefusalError(400, {"message": f"Failed to save group {inspected(errors)}"})
    group.id = next(instance().group_ids)
    instance().groups[group.id] = group
    current_user().roles[group.id] = Role.OWNER
    return group_details(group)


@endpoint("GET /groups/<path:group>")
def show_group(group: Group) -> dict[str, Any]:
    """Shows a group by id or path."""
    return group_details(group)


@endpoint("PUT /groups/<path:group>", *_CHANGES, role=Role.OWNER)
def change_group(group: Group, asked: dict[str, Any]) -> dict[str, Any]:
    """Changes the name, path or description."""
    return group_details(_changed(group, asked, instance().groups))


@endpoint("DELETE /groups/<path:group>", role=Role.OWNER, status=202)
def delete_group(group: Group) -> dict[str, str]:
    """Deletes a group, with its projects and runners."""
    state = instance()
    for project in [one for one in state.projects.values() if one.group is group]:
        delete_project(project)
    del state.groups[group.id]
    for runner in [one for one in state.runners.values() if one.group is group]:
        del state.runners[runner.id]
    return _ACCEPTED


@endpoint("GET /projects", paged=True)
def list_projects() -> list[dict[str, Any]]:
    """Lists the projects that the user is a member of; an administrator sees all."""
    projects = instance().projects.values()
    return [project_details(project) for project in projects if role_in(project) > Role.NONE]


@endpoint(
    "POST /projects",
    _NAME,
    Parameter("path"),
    Parameter("namespace_id", integer, required=True),
    _DESCRIPTION,
    Parameter("visibility", values=("private",)),
    status=201,
)
def create_project(asked: dict[str, Any]) -> dict[str, Any]:
    """Creates a project in a group."""
    asked.pop("visibility", None)
    group = instance().groups.get(asked.pop("namespace_id"))
    if group is None or role_in(group) < Role.DEVELOPER:
        raise invalid({"namespace": ["is not valid"]})
    asked.setdefault("path", re.sub(r"[^a-z0-9_.-]+", "-", asked["name"].lower()).strip("-"))
    project = Project(0, group=group, **asked)
    require_valid(_errors(project, _projects_of(group)))
    project.id = next(instance().project_ids)
    instance().projects[project.id] = project
    return project_details(project)


@endpoint("GET /projects/<path:project>")
def show_project(project: Project) -> dict[str, Any]:
    """Shows a project by id or full path."""
    return project_details(project)


@endpoint("PUT /projects/<path:project>", *_CHANGES, role=Role.MAINTAINER)
def change_project(project: Project, asked: dict[str, Any]) -> dict[str, Any]:
    """Changes the name, path or description."""
    return project_details(_changed(project, asked, _projects_of(project.group)))


@endpoint("DELETE /projects/<path:project>", role=Role.OWNER, status=202)
def delete_project(project: Project) -> dict[str, str]:
    """Deletes a project, and the runners that are assigned only to it."""
    state = instance()
    del state.projects[project.id]
    for runner in [one for one in state.runners.values() if project in one.projects]:
        runner.projects.remove(project)
        if not runner.projects:
            del state.runners[runner.id]
    for job in [one for one in state.jobs.values() if one.project is project]:
        del state.jobs[job.id]
    return _ACCEPTED


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


def _projects_of(group: Group) -> dict[int, Project]:
    return {number: each for number, each in instance().projects.items() if each.group is group}


def _changed(place: Place, new: dict[str, Any], siblings: dict[int, Place]) -> Place:
    """Changes a group or project, if the change is valid."""
    require_valid(_errors(replace(place, **new), siblings))
    vars(place).update(new)
    return place


def _errors(place: Place, siblings: dict[int, Place]) -> Errors:
    """The validation errors of the name and the path, among groups, or the projects of a group."""
    others = [each for each in siblings.values() if each.id != place.id]
    taken = {
        name: ["has already been taken"]
        for name in ("name", "path")
        if any(getattr(place, name).lower() == getattr(each, name).lower() for each in others)
    }
    is_path = _PATH.fullmatch(place.path) and not place.path.endswith((".git", ".atom"))
    return {
        "name": blank(place.name) or taken.get("name", []),
        "path": taken.get("path", []) if is_path else [_PATH_RULE],
    }
