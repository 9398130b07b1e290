"""`gitlab.Group` and `gitlab.Project`, which a program may create along with its runners.

Source of updates and replacements: the official provider's schema, and the source of the Terraform
provider that it bridges, `internal/provider/sdk/resource_gitlab_group.go` and `resource_gitlab_project.go`.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.providers.gitlab.api_resource import ApiResource, sent
from sandbox.standin.properties import Number, Text
from sandbox.standin.provider import AutomaticName, Refused
from sandbox.standin.values import Properties


class Group(ApiResource):
    """A group. Its id is GitLab's id."""

    token = "gitlab:index/group:Group"
    automatic_name = AutomaticName()
    inputs = {
        "name": Text(computed=True, maximum_length=255),
        "path": Text(required=True, maximum_length=255),
        "description": Text(),
    }
    outputs = {"webUrl": Text()}
    collection, member, kind = "groups", "groups/{id}", "one of the groups"

    @classmethod
    def unsettled(cls, changed: set[str]) -> tuple[str, ...]:
        """The outputs that depend on the path."""
        return tuple(cls.outputs) if "path" in changed else ()

    def updated(self, old: Properties, new: Properties, changed: set[str]) -> dict[str, Any]:
        """The changed properties; a removed description is set to the empty string."""
        return sent(self.inputs, {name: new.get(name, "") for name in changed})


class Project(Group):
    """A project of a group. Its id is GitLab's id."""

    token = "gitlab:index/project:Project"
    inputs = {
        "name": Text(computed=True, maximum_length=255),
        "path": Text(computed=True, maximum_length=255),
        "namespaceId": Number(required=True),
        "description": Text(),
        # The official provider's default; the sandbox's GitLab has no other.
        "visibilityLevel": Text(default="private", one_of=("private",), service_name="visibility"),
    }
    outputs = {"pathWithNamespace": Text(), "webUrl": Text()}
    collection, member, kind = "projects", "projects/{id}", "one of the projects"

    def shown(self, live: Mapping[str, Any]) -> Properties:
        """The properties of the project, with the id of its group."""
        return {**super().shown(live), "namespaceId": live["namespace"]["id"]}

    def updated(self, old: Properties, new: Properties, changed: set[str]) -> dict[str, Any]:
        """The changed properties; the sandbox's GitLab does not transfer projects."""
        if "namespaceId" in changed:
            raise Refused("the sandbox does not move a project to another group")
        return super().updated(old, new, changed)
