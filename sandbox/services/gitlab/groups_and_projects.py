"""Groups and projects: read only, since a stack is given them."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.services.gitlab.access import authenticate, find_group, find_project, instance, role_in
from sandbox.services.gitlab.pages import page_of
from sandbox.services.gitlab.parameters import PAGINATION, read_parameters
from sandbox.services.gitlab.state import Group, Project, Role

blueprint = Blueprint("groups_and_projects", __name__)
blueprint.before_request(authenticate)


@blueprint.get("/groups")
def list_groups() -> Response:
    """The groups that the user is a member of; an administrator sees all."""
    parameters = read_parameters(PAGINATION)
    groups = [group for group in instance().groups.values() if role_in(group) > Role.NONE]
    return page_of([group_details(group) for group in groups], parameters)


@blueprint.get("/groups/<path:identifier>")
def show_group(identifier: str) -> Response:
    """One group by id or path."""
    read_parameters()
    return jsonify(group_details(find_group(identifier)))


@blueprint.get("/projects")
def list_projects() -> Response:
    """The projects that the user is a member of; an administrator sees all."""
    parameters = read_parameters(PAGINATION)
    projects = [project for project in instance().projects.values() if role_in(project) > Role.NONE]
    return page_of([project_details(project) for project in projects], parameters)


@blueprint.get("/projects/<path:identifier>")
def show_project(identifier: str) -> Response:
    """One project by id or path with namespace."""
    read_parameters()
    return jsonify(project_details(find_project(identifier)))


def group_details(group: Group) -> dict[str, Any]:
    """A group as the API shows it."""
    return {
        "id": group.id,
        "web_url": f"{request.host_url}groups/{group.path}",
        "name": group.name,
        "path": group.path,
        "full_name": group.name,
        "full_path": group.path,
        "description": "",
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
        "description": None,
        "default_branch": "main",
        "visibility": "private",
        "archived": False,
        "web_url": f"{request.host_url}{project.full_path}",
        "http_url_to_repo": f"{request.host_url}{project.full_path}.git",
        "namespace": {
            "id": group.id,
            "name": group.name,
            "path": group.path,
            "kind": "group",
            "full_path": group.path,
        },
    }
