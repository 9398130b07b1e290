"""The provider's functions: the current user, this GitLab, one group or project, runners, and variables."""

from typing import Any, ClassVar

from sandbox.providers.gitlab.api import Api, place
from sandbox.providers.gitlab.user_runner import RUNNER_TYPES
from sandbox.providers.gitlab.variables import (
    GroupVariable,
    InstanceVariable,
    ProjectVariable,
    ScopedVariable,
)
from sandbox.providers.properties import Flag, ListOf, Number, Text
from sandbox.providers.standin import Function, Refused
from sandbox.providers.values import Properties


class GetCurrentUser(Function[Api]):
    """The user whose token the provider has."""

    token = "gitlab:index/getCurrentUser:getCurrentUser"

    def call(self, arguments: Properties) -> Properties:
        """Takes nothing."""
        user = self.connection.get("user")
        return {
            "id": str(user["id"]),
            "globalId": f"gid://gitlab/User/{user['id']}",
            "username": user["username"],
            "name": user["name"],
            "bot": user["bot"],
            "publicEmail": user["public_email"],
            "groupCount": len(self.connection.get_all("groups")),
            "namespaceId": str(user["namespace_id"]),
            "globalNamespaceId": f"gid://gitlab/Namespaces::UserNamespace/{user['namespace_id']}",
        }


class GetMetadata(Function[Api]):
    """Version, edition and agent server of this GitLab."""

    token = "gitlab:index/getMetadata:getMetadata"

    def call(self, arguments: Properties) -> Properties:
        """Takes nothing."""
        metadata = self.connection.get("metadata")
        agent_server = metadata["kas"]
        return {
            "id": "1",
            "version": metadata["version"],
            "revision": metadata["revision"],
            "enterprise": metadata["enterprise"],
            "kas": {
                "enabled": agent_server["enabled"],
                "externalUrl": agent_server["externalUrl"] or "",
                "externalK8sProxyUrl": agent_server["externalK8sProxyUrl"] or "",
                "version": agent_server["version"] or "",
            },
        }


class GetGroup(Function[Api]):
    """A group by its id or its path."""

    token = "gitlab:index/getGroup:getGroup"
    arguments = {"groupId": Number(), "fullPath": Text()}

    def call(self, arguments: Properties) -> Properties:
        """Takes one of `groupId` and `fullPath`."""
        group = self.connection.get(place("groups", _only_one(arguments)))
        return {
            "id": str(group["id"]),
            "groupId": group["id"],
            "name": group["name"],
            "path": group["path"],
            "fullName": group["full_name"],
            "fullPath": group["full_path"],
            "description": group["description"],
            "visibilityLevel": group["visibility"],
            "parentId": group["parent_id"] or 0,
            "webUrl": group["web_url"],
        }


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


class GetRunners(Function[Api]):
    """Every runner of the instance that fits; only an administrator may ask."""

    token = "gitlab:index/getRunners:getRunners"
    arguments = {
        "paused": Flag(),
        "status": Text(one_of=("online", "offline", "stale", "never_contacted")),
        "tagLists": ListOf(Text()),
        "type": Text(one_of=RUNNER_TYPES),
    }

    def call(self, arguments: Properties) -> Properties:
        """Takes filters; with none, all runners are given."""
        query: dict[str, Any] = {
            name: arguments[name] for name in ("paused", "status", "type") if name in arguments
        }
        if arguments.get("tagLists"):
            query["tag_list"] = ",".join(arguments["tagLists"])
        return {
            **arguments,
            "id": "runners",
            "runners": [
                {
                    "id": runner["id"],
                    "description": runner["description"] or "",
                    "isShared": runner["is_shared"],
                    "online": bool(runner["online"]),
                    "paused": runner["paused"],
                    "runnerType": runner["runner_type"],
                    "status": runner["status"],
                }
                for runner in self.connection.get_all("runners/all", **query)
            ],
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
