"""The provider's functions: a project, and variables."""

from typing import ClassVar

from sandbox.providers.gitlab.api import Api, place
from sandbox.providers.gitlab.variables import (
    GroupVariable,
    InstanceVariable,
    ProjectVariable,
    ScopedVariable,
)
from sandbox.standin.properties import Text
from sandbox.standin.provider import Function, Refused
from sandbox.standin.values import Properties


class GetProject(Function[Api]):
    """A project by its id or its path with namespace."""

    token = "gitlab:index/getProject:getProject"
    arguments = {"id": Text(), "pathWithNamespace": Text()}

    def call(self, arguments: Properties) -> Properties:
        """Takes one of `id` and `pathWithNamespace`."""
        project = self.connection.get(place("projects", _only_one(arguments)))
        return {
            "id": str(project["id"]),
            "name": project["name"],
            "nameWithNamespace": project["name_with_namespace"],
            "path": project["path"],
            "pathWithNamespace": project["path_with_namespace"],
            "namespaceId": project["namespace"]["id"],
            "description": project["description"] or "",
            "defaultBranch": project["default_branch"],
            "visibility": project["visibility"],
            "visibilityLevel": project["visibility"],
            "archived": project["archived"],
            "webUrl": project["web_url"],
            "httpUrlToRepo": project["http_url_to_repo"],
        }


class GetProjectVariable(Function[Api]):
    """A variable of a project; an error if there is none."""

    token = "gitlab:index/getProjectVariable:getProjectVariable"
    arguments = {
        "project": Text(required=True),
        "key": Text(required=True),
        "environmentScope": Text(),
    }
    kind: ClassVar[type[ScopedVariable]] = ProjectVariable

    def call(self, arguments: Properties) -> Properties:
        """The variable of an environment scope, by default of all."""
        place = arguments[self.kind.place_name]
        resource_id = f"{place}:{arguments['key']}:{arguments.get('environmentScope', '*')}"
        found = self.kind(self.connection).read(resource_id, {})
        if found is None:
            raise Refused(f"{resource_id}: there is no such variable")
        del found["hidden"]
        return {"value": "", **found, "id": resource_id}


class GetGroupVariable(GetProjectVariable):
    """A variable of a group; an error if there is none."""

    token = "gitlab:index/getGroupVariable:getGroupVariable"
    arguments = {
        "group": Text(required=True),
        "key": Text(required=True),
        "environmentScope": Text(),
    }
    kind = GroupVariable


class GetInstanceVariable(Function[Api]):
    """A variable of the instance; an error if there is none."""

    token = "gitlab:index/getInstanceVariable:getInstanceVariable"
    arguments = {"key": Text(required=True)}

    def call(self, arguments: Properties) -> Properties:
        """The variable."""
        found = InstanceVariable(self.connection).read(arguments["key"], {})
        if found is None:
            raise Refused(f"{arguments['key']}: there is no such variable")
        return {**found, "id": arguments["key"]}


def _only_one(arguments: Properties) -> str:
    if len(arguments) != 1:
        raise Refused("give exactly one of the arguments")
    return str(next(iter(arguments.values())))
