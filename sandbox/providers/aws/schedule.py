"""EventBridge Scheduler.

Source of the properties and of what replaces: the official provider's ``internal/service/scheduler``.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.providers.aws.names import name_from, naming
from sandbox.providers.aws.resource import REGION, AwsResource
from sandbox.providers.aws.shapes import from_api, to_api
from sandbox.standin.properties import Number, Object, Property, Text
from sandbox.standin.values import Properties

_SETTINGS: Mapping[str, Property] = {
    "description": Text(maximum_length=512),
    "scheduleExpression": Text(
        required=True,
        pattern=r"(rate|cron|at)\(.+\)",
        pattern_meaning="rate(…), cron(…) or at(…)",
        maximum_length=256,
    ),
    "scheduleExpressionTimezone": Text(default="UTC", maximum_length=50),
    "flexibleTimeWindow": Object(
        {
            "mode": Text(required=True, one_of=("OFF", "FLEXIBLE")),
            "maximumWindowInMinutes": Number(minimum=1, maximum=1440),
        },
        required=True,
    ),
    "target": Object(
        {
            "arn": Text(required=True, pattern="arn:.+", pattern_meaning="an ARN"),
            "roleArn": Text(required=True, pattern="arn:.+", pattern_meaning="the ARN of a role"),
            "input": Text(),
            "retryPolicy": Object(
                {
                    "maximumEventAgeInSeconds": Number(default=86400, minimum=60, maximum=86400),
                    "maximumRetryAttempts": Number(default=185, minimum=0, maximum=185),
                },
                computed=True,
            ),
        },
        required=True,
    ),
    "state": Text(default="ENABLED", one_of=("ENABLED", "DISABLED")),
}


class Schedule(AwsResource):
    """A schedule. Its id is ``GROUP/NAME``."""

    token = "aws:scheduler/schedule:Schedule"
    service = "scheduler"
    gone = ("ResourceNotFoundException",)
    automatic_name, names = naming(
        maximum_length=64, pattern=r"[\w.-]+", pattern_meaning="letters, digits, . - and _"
    )
    inputs = {**names, "groupName": Text(default="default", replaces=True), **_SETTINGS, **REGION}
    outputs = {"arn": Text()}

    def create(self, inputs: Properties) -> str:
        """Make the schedule."""
        name, group = name_from(inputs), inputs["groupName"]
        self.client.create_schedule(Name=name, GroupName=group, **to_api(_SETTINGS, inputs))
        return f"{group}/{name}"

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The schedule as it is now."""
        live = self.client.get_schedule(**_named(resource_id))
        return {
            "name": live["Name"],
            "groupName": live["GroupName"],
            **from_api(_SETTINGS, live),
            "arn": live["Arn"],
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Put all settings again: what is left out would fall back to its default."""
        self.client.update_schedule(**_named(resource_id), **to_api(_SETTINGS, new))

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the schedule."""
        self.client.delete_schedule(**_named(resource_id))


def _named(resource_id: str) -> dict[str, Any]:
    group, _, name = resource_id.partition("/")
    return {"GroupName": group, "Name": name}
