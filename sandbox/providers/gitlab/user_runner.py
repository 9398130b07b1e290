"""`gitlab.UserRunner`: a runner that a user created, with its authentication token."""

from collections.abc import Iterator
from typing import Any

from sandbox.providers.gitlab.api import Api
from sandbox.standin.properties import Failure, Flag, Number, SetOf, Text
from sandbox.standin.provider import Refused, Resource
from sandbox.standin.values import Properties

RUNNER_TYPES = ("instance_type", "group_type", "project_type")

_PLACE_OF_TYPE = {"group_type": "groupId", "project_type": "projectId"}

_SETTINGS = {
    "accessLevel": "access_level",
    "description": "description",
    "locked": "locked",
    "maintenanceNote": "maintenance_note",
    "maximumTimeout": "maximum_timeout",
    "paused": "paused",
    "tagLists": "tag_list",
    "untagged": "run_untagged",
}
"""The settings that can be updated: the property to the parameter of the API."""


class UserRunner(Resource[Api]):
    """A runner.

    Only the response to its creation contains the token, so an imported runner has none. As in the official
    provider, reading a runner returns its group, but not its project.
    """

    token = "gitlab:index/userRunner:UserRunner"
    inputs = {
        "runnerType": Text(required=True, replaces=True, one_of=RUNNER_TYPES),
        "groupId": Number(replaces=True),
        "projectId": Number(replaces=True),
        "accessLevel": Text(computed=True, one_of=("not_protected", "ref_protected")),
        "description": Text(computed=True),
        "locked": Flag(computed=True),
        "maintenanceNote": Text(computed=True, maximum_length=1024),
        "maximumTimeout": Number(computed=True, minimum=600),
        "paused": Flag(computed=True),
        "tagLists": SetOf(Text(), computed=True),
        "untagged": Flag(computed=True),
    }
    outputs = {"token": Text(secret=True)}

    _authentication_token: str | None = None

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        """A runner's type decides whether it requires a group, a project or neither."""
        runner_type = inputs.get("runnerType")
        if runner_type not in RUNNER_TYPES:
            return
        wanted = _PLACE_OF_TYPE.get(runner_type)
        for name in _PLACE_OF_TYPE.values():
            if name == wanted and name not in inputs:
                yield Failure(name, f"a value is required when runnerType is {runner_type}")
            if name != wanted and name in inputs:
                yield Failure(name, f"not allowed when runnerType is {runner_type}")

    def create(self, inputs: Properties) -> str:
        """Registers the runner; its id is GitLab's id."""
        place = {"runner_type": inputs["runnerType"]}
        place |= {
            parameter: inputs[name]
            for name, parameter in (("groupId", "group_id"), ("projectId", "project_id"))
            if name in inputs
        }
        runner = self.connection.post("user/runners", place | _settings(inputs))
        self._authentication_token = runner["token"]
        return str(runner["id"])

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """The runner's settings, and its token if this call created it."""
        runner = self.connection.find(_path(resource_id))
        if runner is None:
            return None
        groups = runner["groups"]
        found: Properties = {
            "runnerType": runner["runner_type"],
            "groupId": groups[0]["id"] if groups else None,
            **{name: runner[parameter] for name, parameter in _SETTINGS.items()},
        }
        found["description"] = found["description"] or ""
        found["maintenanceNote"] = found["maintenanceNote"] or ""
        if self._authentication_token:
            found["token"] = self._authentication_token
        return found

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Sends all given settings."""
        self.connection.put(_path(resource_id), _settings(new))

    def delete(self, resource_id: str, state: Properties) -> None:
        """Removes the runner."""
        self.connection.delete(_path(resource_id))


def _settings(inputs: Properties) -> dict[str, Any]:
    return {parameter: inputs[name] for name, parameter in _SETTINGS.items() if name in inputs}


def _path(resource_id: str) -> str:
    if not resource_id.isdecimal():
        raise Refused(f"{resource_id!r} is not the id of a runner: a number is expected")
    return f"runners/{resource_id}"
