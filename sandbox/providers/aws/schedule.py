"""EventBridge Scheduler.

Source of the properties and of replacements: the official provider's ``internal/service/scheduler``.
"""

from collections.abc import Mapping

from sandbox.providers.aws.resource import REGION
from sandbox.providers.aws.table import TableResource
from sandbox.standin.properties import Number, Object, Property, Text
from sandbox.standin.provider import AutomaticName
from sandbox.standin.values import Properties

_SETTINGS: Mapping[str, Property] = {
    "description": Text(),
    "scheduleExpression": Text(
        required=True, pattern=r"(rate|cron|at)\(.+\)", pattern_meaning="rate(…), cron(…) or at(…)"
    ),
    "scheduleExpressionTimezone": Text(default="UTC"),
    "flexibleTimeWindow": Object(
        {"mode": Text(required=True), "maximumWindowInMinutes": Number()}, required=True
    ),
    "target": Object(
        {
            "arn": Text(required=True, pattern="arn:.+", pattern_meaning="an ARN"),
            "roleArn": Text(required=True),
            "input": Text(),
            "retryPolicy": Object(
                {
                    "maximumEventAgeInSeconds": Number(default=86400),
                    "maximumRetryAttempts": Number(default=185),
                },
                computed=True,
            ),
        },
        required=True,
    ),
    "state": Text(default="ENABLED"),
}


class Schedule(TableResource):
    """A schedule. Its id is ``GROUP/NAME``."""

    token = "aws:scheduler/schedule:Schedule"
    service = "scheduler"
    gone = ("ResourceNotFoundException",)
    automatic_name = AutomaticName(maximum_length=64)
    inputs = {
        "name": Text(replaces=True),
        "groupName": Text(computed=True, replaces=True),
        **_SETTINGS,
        **REGION,
    }
    outputs = {"arn": Text()}
    makes, shows, changes, removes = "CreateSchedule", "GetSchedule", "UpdateSchedule", "DeleteSchedule"
    identity = ("groupName", "name")

    def create(self, inputs: Properties) -> str:
        """Create the schedule, by default in the group ``default``."""
        return super().create({"groupName": "default", **inputs})
