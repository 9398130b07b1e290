"""`gitlab.PipelineSchedule` and `gitlab.PipelineScheduleVariable`."""

from typing import Any

from sandbox.providers.gitlab.api import Api, place
from sandbox.providers.gitlab.variables import VARIABLE_TYPES, UnshownText
from sandbox.providers.properties import Flag, Number, Object, SetOf, Text
from sandbox.providers.standin import Refused, Resource
from sandbox.providers.values import Properties

_SETTINGS = {
    "active": "active",
    "cron": "cron",
    "cronTimezone": "cron_timezone",
    "description": "description",
    "inputs": "inputs",
    "ref": "ref",
}
"""What GitLab keeps of a schedule: the property here to the parameter there."""


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
        """Makes the schedule; the token's user owns it."""
        project = inputs["project"]
        made = self.connection.post(f"{place('projects', project)}/pipeline_schedules", _settings(inputs))
        return f"{project}:{made['id']}"

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """The schedule as it is."""
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
        """Sends every setting; an input that is no longer given is destroyed by its name."""
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


class PipelineScheduleVariable(Resource[Api]):
    """A variable of a schedule; its id is `PROJECT:SCHEDULE:KEY`. It is read with its schedule."""

    token = "gitlab:index/pipelineScheduleVariable:PipelineScheduleVariable"
    inputs = {
        "project": Text(required=True, replaces=True),
        "pipelineScheduleId": Number(required=True, replaces=True),
        "key": Text(required=True, replaces=True),
        "value": UnshownText(required=True),
        "variableType": Text(default="env_var", one_of=VARIABLE_TYPES),
    }

    def create(self, inputs: Properties) -> str:
        """Makes the variable."""
        project, schedule = inputs["project"], inputs["pipelineScheduleId"]
        body = {"key": inputs["key"], **_value(inputs)}
        self.connection.post(f"{_schedule(project, schedule)}/variables", body)
        return f"{project}:{schedule}:{inputs['key']}"

    def read(self, resource_id: str, known: Properties) -> Properties | None:
        """The variable, as its schedule shows it."""
        project, number, key = _variable_parts(resource_id)
        schedule = self.connection.find(_schedule(project, number)) or {"variables": []}
        for variable in schedule["variables"]:
            if variable["key"] == key:
                return {
                    "project": project,
                    "pipelineScheduleId": number,
                    "key": key,
                    "value": variable["value"],
                    "variableType": variable["variable_type"],
                }
        return None

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Sends value and type."""
        self.connection.put(_variable(resource_id), _value(new))

    def delete(self, resource_id: str, state: Properties) -> None:
        """Removes the variable."""
        self.connection.delete(_variable(resource_id))


def _settings(inputs: Properties) -> dict[str, Any]:
    return {parameter: inputs[name] for name, parameter in _SETTINGS.items() if name in inputs}


def _value(inputs: Properties) -> dict[str, Any]:
    return {"value": inputs["value"], "variable_type": inputs["variableType"]}


def _schedule(project: str, number: int) -> str:
    return f"{place('projects', project)}/pipeline_schedules/{number}"


def _variable(resource_id: str) -> str:
    project, number, key = _variable_parts(resource_id)
    return f"{_schedule(project, number)}/variables/{key}"


def _parts(resource_id: str) -> tuple[str, int]:
    project, _, number = resource_id.partition(":")
    if not project or not number.isdecimal():
        raise Refused(f"{resource_id!r} is not the id of a schedule: PROJECT:SCHEDULE is expected")
    return project, int(number)


def _variable_parts(resource_id: str) -> tuple[str, int, str]:
    schedule, _, key = resource_id.rpartition(":")
    if not schedule or not key:
        raise Refused(
            f"{resource_id!r} is not the id of a schedule's variable: PROJECT:SCHEDULE:KEY is expected"
        )
    return *_parts(schedule), key
