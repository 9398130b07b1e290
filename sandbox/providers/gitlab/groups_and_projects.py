"""`gitlab.Group` and `gitlab.Project`, which a program makes beside its runners.

Source of what replaces and what is updated: the official provider's schema, and the source of the Terraform
provider that it bridges, `internal/provider/sdk/resource_gitlab_group.go` and `resource_gitlab_project.go`.
"""

from typing import Any

from sandbox.providers.gitlab.api import Api
from sandbox.standin.properties import Flag, Number, Text
from sandbox.standin.provider import AutomaticName, Refused, Resource
from sandbox.standin.values import Properties

_VISIBILITIES = ("private", "internal", "public")

_OF_GROUP = {"name": "name", "path": "path", "description": "description", "visibilityLevel": "visibility"}
_OF_PROJECT = {
    **_OF_GROUP,
    "sharedRunnersEnabled": "shared_runners_enabled",
    "groupRunnersEnabled": "group_runners_enabled",
}
"""What can be changed later: the property here to the parameter there."""


class Group(Resource[Api]):
    """A group. Its id is GitLab's number."""

    token = "gitlab:index/group:Group"
    automatic_name = AutomaticName()
    inputs = {
        "name": Text(computed=True, maximum_length=255),
        "path": Text(required=True, maximum_length=255),
        "description": Text(),
        "parentId": Number(computed=True),
        "visibilityLevel": Text(computed=True, one_of=_VISIBILITIES),
    }
    outputs = {"fullName": Text(), "fullPath": Text(), "webUrl": Text()}

    @classmethod
    def unsettled(cls, changed: set[str]) -> tuple[str, ...]:
        """What follows from the group's name, path and parent."""
        return tuple(cls.outputs) if changed & {"name", "path", "parentId"} else ()

    def create(self, inputs: Properties) -> str:
        """Make the group."""
        above = {"parent_id": inputs["parentId"]} if inputs.get("parentId") else {}
        return str(self.connection.post("groups", _sent(_OF_GROUP, inputs) | above)["id"])

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """The group as it is now."""
        group = self.connection.find(_path("groups", resource_id))
        if group is None:
            return None
        return {
            **{name: group[parameter] for name, parameter in _OF_GROUP.items()},
            "parentId": group["parent_id"] or 0,
            "fullName": group["full_name"],
            "fullPath": group["full_path"],
            "webUrl": group["web_url"],
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change it in place, and move it under another group."""
        path = _path("groups", resource_id)
        if sent := _changes(_OF_GROUP, new, changed):
            self.connection.put(path, sent)
        if "parentId" in changed:
            parent = new.get("parentId")
            self.connection.post(f"{path}/transfer", {"group_id": parent} if parent else {})

    def delete(self, resource_id: str, state: Properties) -> None:
        """Delete the group with all that is in it."""
        self.connection.delete(_path("groups", resource_id))


class Project(Resource[Api]):
    """A project of a group. Its id is GitLab's number."""

    token = "gitlab:index/project:Project"
    automatic_name = AutomaticName()
    inputs = {
        "name": Text(computed=True, maximum_length=255),
        "path": Text(computed=True, maximum_length=255),
        "namespaceId": Number(required=True),
        "description": Text(),
        "visibilityLevel": Text(default="private", one_of=_VISIBILITIES),
        "initializeWithReadme": Flag(replaces=True),
        "sharedRunnersEnabled": Flag(computed=True),
        "groupRunnersEnabled": Flag(computed=True),
    }
    outputs = {
        "defaultBranch": Text(),
        "pathWithNamespace": Text(),
        "webUrl": Text(),
        "httpUrlToRepo": Text(),
        "sshUrlToRepo": Text(),
    }

    @classmethod
    def unsettled(cls, changed: set[str]) -> tuple[str, ...]:
        """What follows from the project's path and group."""
        follows = ("pathWithNamespace", "webUrl", "httpUrlToRepo", "sshUrlToRepo")
        return follows if changed & {"path", "namespaceId"} else ()

    def create(self, inputs: Properties) -> str:
        """Make the project."""
        first = {"namespace_id": inputs["namespaceId"]}
        if "initializeWithReadme" in inputs:
            first["initialize_with_readme"] = inputs["initializeWithReadme"]
        return str(self.connection.post("projects", _sent(_OF_PROJECT, inputs) | first)["id"])

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """The project as it is now."""
        project = self.connection.find(_path("projects", resource_id))
        if project is None:
            return None
        return {
            **{name: project[parameter] for name, parameter in _OF_PROJECT.items()},
            "description": project["description"] or "",
            "namespaceId": project["namespace"]["id"],
            "defaultBranch": project["default_branch"],
            "pathWithNamespace": project["path_with_namespace"],
            "webUrl": project["web_url"],
            "httpUrlToRepo": project["http_url_to_repo"],
            "sshUrlToRepo": project["ssh_url_to_repo"],
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change it in place, and move it to another group."""
        path = _path("projects", resource_id)
        if sent := _changes(_OF_PROJECT, new, changed):
            self.connection.put(path, sent)
        if "namespaceId" in changed:
            self.connection.put(f"{path}/transfer", {"namespace": new["namespaceId"]})

    def delete(self, resource_id: str, state: Properties) -> None:
        """Delete the project."""
        self.connection.delete(_path("projects", resource_id))


def _sent(parameters: dict[str, str], inputs: Properties) -> dict[str, Any]:
    return {parameter: inputs[name] for name, parameter in parameters.items() if name in inputs}


def _changes(parameters: dict[str, str], new: Properties, changed: set[str]) -> dict[str, Any]:
    """What an update sends; a description that is no longer given is emptied."""
    return {parameters[name]: new.get(name, "") for name in changed if name in parameters}


def _path(kind: str, resource_id: str) -> str:
    if not resource_id.isdecimal():
        raise Refused(f"{resource_id!r} is not the id of one of the {kind}: a number is expected")
    return f"{kind}/{resource_id}"
