"""The provider's functions, which look up CI variables."""

from typing import ClassVar

from sandbox.providers.gitlab.api import Api
from sandbox.providers.gitlab.variables import (
    GroupVariable,
    InstanceVariable,
    ProjectVariable,
    ScopedVariable,
)
from sandbox.standin.properties import Text
from sandbox.standin.provider import Function, Refused
from sandbox.standin.values import Properties


class GetProjectVariable(Function[Api]):
    """A variable of a project; an error if not found."""

    token = "gitlab:index/getProjectVariable:getProjectVariable"
    arguments = {
        "project": Text(required=True),
        "key": Text(required=True),
        "environmentScope": Text(),
    }
    kind: ClassVar[type[ScopedVariable]] = ProjectVariable

    def call(self, arguments: Properties) -> Properties:
        """The variable with an environment scope, by default `*`."""
        place = arguments[self.kind.identity[0]]
        resource_id = f"{place}:{arguments['key']}:{arguments.get('environmentScope', '*')}"
        found = self.kind(self.connection).read(resource_id, {})
        if found is None:
            raise Refused(f"{resource_id}: there is no such variable")
        del found["hidden"]
        return {"value": "", **found, "id": resource_id}


class GetGroupVariable(GetProjectVariable):
    """A variable of a group; an error if not found."""

    token = "gitlab:index/getGroupVariable:getGroupVariable"
    arguments = {
        "group": Text(required=True),
        "key": Text(required=True),
        "environmentScope": Text(),
    }
    kind = GroupVariable


class GetInstanceVariable(Function[Api]):
    """A variable of the instance; an error if not found."""

    token = "gitlab:index/getInstanceVariable:getInstanceVariable"
    arguments = {"key": Text(required=True)}

    def call(self, arguments: Properties) -> Properties:
        found = InstanceVariable(self.connection).read(arguments["key"], {})
        if found is None:
            raise Refused(f"{arguments['key']}: there is no such variable")
        return {**found, "id": arguments["key"]}
