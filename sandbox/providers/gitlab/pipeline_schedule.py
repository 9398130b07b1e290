"""`gitlab.PipelineSchedule`."""

from collections.abc import Mapping
from typing import Any

from sandbox.providers.gitlab.api_resource import ApiResource
from sandbox.standin.properties import Flag, Number, Object, SetOf, Text
from sandbox.standin.values import Properties


class PipelineSchedule(ApiResource):
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
    outputs = {"pipelineScheduleId": Number(service_name="id"), "owner": Number()}
    collection = "projects/{project}/pipeline_schedules"
    member = f"{collection}/{{id}}"
    identity, kind, id_form = ("project", "id"), "a schedule", "PROJECT:SCHEDULE"

    def shown(self, live: Mapping[str, Any]) -> Properties:
        """The properties of the schedule, with the id of its owner."""
        return {**super().shown(live), "owner": live["owner"]["id"]}

    def updated(self, old: Properties, new: Properties, changed: set[str]) -> dict[str, Any]:
        """All settings; a removed input is sent with `destroy`."""
        settings = super().updated(old, new, changed)
        if "inputs" in changed:
            kept = new.get("inputs") or []
            names = {each["name"] for each in kept}
            gone = [each["name"] for each in old.get("inputs") or [] if each["name"] not in names]
            settings["inputs"] = [*kept, *({"name": name, "destroy": True} for name in gone)]
        return settings
