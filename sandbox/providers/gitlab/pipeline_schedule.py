"""`gitlab.PipelineSchedule`."""

from typing import Any

from sandbox.providers.gitlab.api import Api, place
from sandbox.standin.properties import Flag, Number, Object, SetOf, Text
from sandbox.standin.provider import Refused, Resource
from sandbox.standin.values import Properties

_SETTINGS = {
    "active": "active",
    "cron": "cron",
    "cronTimezone": "cron_timezone",
    "description": "description",
    "inputs": "inputs",
    "ref": "ref",
}
"""The settings of a schedule: the property to the parameter of the API."""


class PipelineSchedule(Resource[Api]):
    """A schedule; its id is `PROJECT:SCHEDULE`. The provider's `takeOwnership` is not served."""

    token = "gitlab:index/pipelineSchedule:PipelineSchedule"
    inputs = {
        "project": Text(required=True, replaces=True),
        "cron": Text(required=True),
        "description": Text(required=True),
        "ref": Text(
            required=True,
            pattern=r"refs/(heads|tags)/.+",
            pattern_meaning="the full name of a branch or tag, such as refs/heads/main",
        ),
        "active": Flag(default=True),
        "cronTimezone": Text(default="UTC"),
        "inputs": SetOf(
            Object({"name": Text(required=True), "value": Text(required=True)}), maximum_items=20
        ),
    }
    outputs = {"pipelineScheduleId": Number(), "owner": Number()}

    def create(self, inputs: Properties) -> str:
        """Creates the schedule; the token's user owns it."""
        project = inputs["project"]
        made = self.connection.post(f"{place('projects', project)}/pipeline_schedules", _settings(inputs))
        return f"{project}:{made['id']}"

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """The current properties of the schedule."""
        project, number = _parts(resource_id)
        found = self.connection.find(_schedule(project, number))
        if found is None:
            return None
        return {
            "project": project,
            "pipelineScheduleId": found["id"],
            "owner": found["owner"]["id"],
            **{name: found[parameter] for name, parameter in _SETTINGS.items()},
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Sends all settings; a removed input is sent with `destroy`."""
        settings = _settings(new)
        if "inputs" in changed:
            kept = new.get("inputs") or []
            names = {each["name"] for each in kept}
            gone = [each for each in old.get("inputs") or [] if each["name"] not in names]
            settings["inputs"] = [*kept, *({"name": each["name"], "destroy": True} for each in gone)]
        self.connection.put(_schedule(*_parts(resource_id)), settings)

    def delete(self, resource_id: str, state: Properties) -> None:
        """Removes the schedule."""
        self.connection.delete(_schedule(*_parts(resource_id)))


def _settings(inputs: Properties) -> dict[str, Any]:
    return {parameter: inputs[name] for name, parameter in _SETTINGS.items() if name in inputs}


def _schedule(project: str, number: int) -> str:
    return f"{place('projects', project)}/pipeline_schedules/{number}"


def _parts(resource_id: str) -> tuple[str, int]:
    project, _, number = resource_id.partition(":")
    if not project or not number.isdecimal():
        raise Refused(f"{resource_id!r} is not the id of a schedule: PROJECT:SCHEDULE is expected")
    return project, int(number)
