"""Scheduled actions, which change the size of an Auto Scaling group at set times.

Source of the properties and of what replaces: the official provider's
``internal/service/autoscaling/schedule.go``.
"""

from collections.abc import Mapping

from sandbox.providers.aws.resource import REGION
from sandbox.providers.aws.table import TableResource
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
    "autoscalingGroupName": Text(required=True, replaces=True),
    "scheduledActionName": Text(required=True, replaces=True),
    "minSize": Number(computed=True, minimum=_UNCHANGED),
    "maxSize": Number(computed=True, minimum=_UNCHANGED),
    "desiredCapacity": Number(computed=True, minimum=_UNCHANGED),
    "startTime": _MOMENT,
    "endTime": _MOMENT,
    "recurrence": Text(computed=True),
    "timeZone": Text(computed=True),
}


class Schedule(TableResource):
    """A scheduled action. Its id is its name; to import it, ``GROUP/NAME``.

    A size that is not given is 0, as with the official provider.
    """

    token = "aws:autoscaling/schedule:Schedule"
    service = "autoscaling"
    inputs = {**_ACTION, **REGION}
    outputs = {"arn": Text(service_name="ScheduledActionARN")}
    makes, shows = "PutScheduledUpdateGroupAction", "DescribeScheduledActions"
    removes, place = "DeleteScheduledAction", "ScheduledUpdateGroupActions"
    identity, separator = ("autoscalingGroupName", "scheduledActionName"), ""

    def create(self, inputs: Properties) -> str:
        """Put the action on the group."""
        sizes = {name: inputs.get(name, 0) for name in _SIZES}
        changed = {name: size if size != _UNCHANGED else None for name, size in sizes.items()}
        return super().create({**inputs, **changed})

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The action as it is now."""
        live = super().describe(resource_id, known)
        return live and {
            **live,
            **{name: _UNCHANGED if live[name] is None else live[name] for name in _SIZES},
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Put the action again; what is no longer given stays as it was."""
        self.create({**old, **new})

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the action."""
        if self.find(resource_id, state):
            super().remove(resource_id, state)
