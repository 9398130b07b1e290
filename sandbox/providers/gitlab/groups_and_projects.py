"""`gitlab.Group` and `gitlab.Project`, which a program may create along with its runners.

Source of updates and replacements: the official provider's schema, and the source of the Terraform
provider that it bridges, `internal/provider/sdk/resource_gitlab_group.go` and `resource_gitlab_project.go`.
"""

from typing import Any

from sandbox.providers.gitlab.api import Api
from sandbox.standin.properties import Number, Text
from sandbox.standin.provider import AutomaticName, Refused, Resource
from sandbox.standin.values import Properties

_CHANGED = ("name", "path", "description")
"""The properties that can be updated."""


class Group(Resource[Api]):
    """A group. Its id is GitLab's id."""

    token = "gitlab:index/group:Group"
    automatic_name = AutomaticName()
    inputs = {
        "name": Text(computed=True, maximum_length=255),
        "path": Text(required=True, maximum_length=255),
        "description": Text(),
    }
    outputs = {"webUrl": Text()}

    @classmethod
    def unsettled(cls, changed: set[str]) -> tuple[str, ...]:
        """The outputs that depend on the group's path."""
        return tuple(cls.outputs) if "path" in changed else ()

    def create(self, inputs: Properties) -> str:
        """Create the group."""
        return str(self.connection.post("groups", _sent(inputs))["id"])

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """The current properties of the group."""
        group = self.connection.find(_path("groups", resource_id))
        return group and {**{name: group[name] for name in _CHANGED}, "webUrl": group["web_url"]}

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change it in place."""
        self.connection.put(_path("groups", resource_id), _changes(new, changed))

    def delete(self, resource_id: str, state: Properties) -> None:
        """Delete the group with its projects."""
        self.connection.delete(_path("groups", resource_id))


class Project(Resource[Api]):
    """A project of a group. Its id is GitLab's id."""

    token = "gitlab:index/project:Project"
    automatic_name = AutomaticName()
    inputs = {
        "name": Text(computed=True, maximum_length=255),
        "path": Text(computed=True, maximum_length=255),
        "namespaceId": Number(required=True),
        "description": Text(),
        # The official provider's default; the sandbox's GitLab has no other.
        "visibilityLevel": Text(default="private", one_of=("private",)),
    }
    outputs = {"pathWithNamespace": Text(), "webUrl": Text()}

    @classmethod
    def unsettled(cls, changed: set[str]) -> tuple[str, ...]:
        """The outputs that depend on the project's path."""
        return tuple(cls.outputs) if "path" in changed else ()

    def create(self, inputs: Properties) -> str:
        """Create the project."""
        first = {"namespace_id": inputs["namespaceId"], "visibility": inputs["visibilityLevel"]}
        return str(self.connection.post("projects", _sent(inputs) | first)["id"])

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """The current properties of the project."""
        project = self.connection.find(_path("projects", resource_id))
        return project and {
            **{name: project[name] for name in _CHANGED},
            "description": project["description"] or "",
            "namespaceId": project["namespace"]["id"],
            "visibilityLevel": project["visibility"],
            "pathWithNamespace": project["path_with_namespace"],
            "webUrl": project["web_url"],
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change it in place; the sandbox's GitLab does not transfer projects."""
        if "namespaceId" in changed:
            raise Refused("the sandbox does not move a project to another group")
        self.connection.put(_path("projects", resource_id), _changes(new, changed))

    def delete(self, resource_id: str, state: Properties) -> None:
        """Delete the project."""
        self.connection.delete(_path("projects", resource_id))


def _sent(inputs: Properties) -> dict[str, Any]:
    return {name: inputs[name] for name in _CHANGED if name in inputs}


def _changes(new: Properties, changed: set[str]) -> dict[str, Any]:
    """The parameters of an update; a removed description is set to the empty string."""
    return {name: new.get(name, "") for name in changed if name in _CHANGED}


def _path(kind: str, resource_id: str) -> str:
    if not resource_id.isdecimal():
        raise Refused(f"{resource_id!r} is not the id of one of the {kind}: a number is expected")
    return f"{kind}/{resource_id}"
