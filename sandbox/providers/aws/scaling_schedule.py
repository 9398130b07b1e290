"""Scheduled actions, which change the size of an Auto Scaling group at set times.

Source of the properties and of what replaces: the official provider's
``internal/service/autoscaling/schedule.go``.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.providers.aws.resource import REGION, AwsResource
from sandbox.providers.aws.shapes import from_api, to_api
from sandbox.standin.properties import Number, Property, Text
from sandbox.standin.values import Properties

_UNCHANGED = -1
"""The size that says: leave it as it is."""

_SIZES = ("minSize", "maxSize", "desiredCapacity")

_MOMENT = Text(
    computed=True,
    pattern=r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    pattern_meaning="a time in UTC as 2030-01-31T18:00:00Z",
)

_ACTION: Mapping[str, Property] = {
    "autoscalingGroupName": Text(required=True, replaces=True, service_name="AutoScalingGroupName"),
    "scheduledActionName": Text(required=True, replaces=True),
    "minSize": Number(computed=True, minimum=_UNCHANGED),
    "maxSize": Number(computed=True, minimum=_UNCHANGED),
    "desiredCapacity": Number(computed=True, minimum=_UNCHANGED),
    "startTime": _MOMENT,
    "endTime": _MOMENT,
    "recurrence": Text(computed=True),
    "timeZone": Text(computed=True),
}


class Schedule(AwsResource):
    """A scheduled action. Its id is its name; to import it, ``GROUP/NAME``.

    A size that is not given is 0, as with the official provider.
    """

    token = "aws:autoscaling/schedule:Schedule"
    service = "autoscaling"
    inputs = {**_ACTION, **REGION}
    outputs = {"arn": Text()}

    @classmethod
    def identify(cls, resource_id: str) -> tuple[str, Properties]:
        """The group is named before the action."""
        proper, told = super().identify(resource_id)
        group, _, name = proper.partition("/")
        return name, {**told, "autoscalingGroupName": group}

    def create(self, inputs: Properties) -> str:
        """Put the action on the group."""
        self._put(inputs)
        return str(inputs["scheduledActionName"])

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The action as it is now."""
        found = self.client.describe_scheduled_actions(
            AutoScalingGroupName=known["autoscalingGroupName"], ScheduledActionNames=[resource_id]
        )["ScheduledUpdateGroupActions"]
        if not found:
            return None
        live = from_api(_ACTION, found[0])
        return {
            **live,
            **{name: _UNCHANGED if live[name] is None else live[name] for name in _SIZES},
            "startTime": _text(live["startTime"]),
            "endTime": _text(live["endTime"]),
            "arn": found[0]["ScheduledActionARN"],
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Put the action again; what is no longer given stays as it was."""
        self._put({**old, **new})

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the action."""
        if self.describe(resource_id, state):
            self.client.delete_scheduled_action(
                AutoScalingGroupName=state["autoscalingGroupName"], ScheduledActionName=resource_id
            )

    def _put(self, inputs: Properties) -> None:
        sizes = {name: inputs.get(name, 0) for name in _SIZES}
        changed_sizes = {name: size if size != _UNCHANGED else None for name, size in sizes.items()}
        self.client.put_scheduled_update_group_action(**to_api(_ACTION, {**inputs, **changed_sizes}))


def _text(moment: Any) -> str | None:
    return str(moment.strftime("%Y-%m-%dT%H:%M:%SZ")) if moment else None
