"""CloudWatch metric alarms.

Source of the properties and of replacements: the official provider's
``internal/service/cloudwatch/metric_alarm.go``.
"""

from collections.abc import Iterator, Mapping

from sandbox.providers.aws.resource import REGION, TAGS
from sandbox.providers.aws.table import TableResource
from sandbox.standin.properties import Failure, Float, MapOf, Number, Property, SetOf, Text
from sandbox.standin.provider import AutomaticName, Refused
from sandbox.standin.values import Properties

_ACTION = Text(pattern="arn:.+", pattern_meaning="an ARN")

_ALARM: Mapping[str, Property] = {
    "name": Text(replaces=True, service_name="AlarmName"),
    "alarmDescription": Text(),
    "metricName": Text(required=True),
    "namespace": Text(required=True),
    "dimensions": MapOf(Text()),
    "period": Number(required=True),
    "statistic": Text(required=True),
    "threshold": Float(),
    "comparisonOperator": Text(
        required=True,
        one_of=(
            "GreaterThanOrEqualToThreshold",
            "GreaterThanThreshold",
            "LessThanThreshold",
            "LessThanOrEqualToThreshold",
        ),
    ),
    "evaluationPeriods": Number(required=True),
    "treatMissingData": Text(default="missing"),
    "alarmActions": SetOf(_ACTION),
    "okActions": SetOf(_ACTION, maximum_items=5),
}


class MetricAlarm(TableResource):
    """An alarm. Its id is its name."""

    token = "aws:cloudwatch/metricAlarm:MetricAlarm"
    service = "cloudwatch"
    gone = ("ResourceNotFound", "ResourceNotFoundException")
    automatic_name = AutomaticName()
    inputs = {**_ALARM, **REGION, **TAGS}
    outputs = {"arn": Text(service_name="AlarmArn")}
    makes, shows, removes = "PutMetricAlarm", "DescribeAlarms", "DeleteAlarms"
    identity, place, tagged_by = ("name",), "MetricAlarms", "arn"

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        """A period that CloudWatch supports."""
        period = inputs.get("period")
        if isinstance(period, int) and period not in (10, 20, 30) and period % 60:
            yield Failure("period", f"{period} is not allowed; allowed is 10, 20, 30 or a multiple of 60")

    def create(self, inputs: Properties) -> str:
        if self.find(inputs["name"], {}):
            raise Refused(f"there is an alarm {inputs['name']} already")
        return super().create({"threshold": 0, **inputs})

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        super().change(resource_id, old, {"threshold": 0, **new}, changed)
