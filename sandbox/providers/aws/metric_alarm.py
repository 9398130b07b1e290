"""CloudWatch's alarms on one metric.

Source of the properties and of what replaces: the official provider's
``internal/service/cloudwatch/metric_alarm.go``.
"""

from collections.abc import Iterator, Mapping

from sandbox.providers.aws.resource import REGION, TAGS, AwsResource, given, tag_changes, tag_list, tag_map
from sandbox.providers.aws.shapes import DimensionMap, from_api, to_api
from sandbox.standin.properties import Failure, Flag, Float, Number, Property, SetOf, Text
from sandbox.standin.provider import AutomaticName, Refused
from sandbox.standin.values import Properties

_SIZES = ("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes")
_BITS = ("Bits", "Kilobits", "Megabits", "Gigabits", "Terabits")
_UNITS = (
    *("Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None"),
    *(unit + per for unit in (*_SIZES, *_BITS) for per in ("", "/Second")),
)

_ACTION = Text(pattern="arn:.+", pattern_meaning="an ARN")

_ALARM: Mapping[str, Property] = {
    "name": Text(replaces=True, maximum_length=255, service_name="AlarmName"),
    "alarmDescription": Text(maximum_length=1024),
    "metricName": Text(required=True, maximum_length=255),
    "namespace": Text(
        required=True, maximum_length=255, pattern="[^:].*", pattern_meaning="no leading colon"
    ),
    "dimensions": DimensionMap(Text()),
    "period": Number(required=True, minimum=10),
    "unit": Text(one_of=_UNITS),
    "statistic": Text(
        conflicts_with=("extendedStatistic",),
        one_of=("SampleCount", "Average", "Sum", "Minimum", "Maximum"),
    ),
    "extendedStatistic": Text(
        pattern=r"(p|tm|wm|tc|ts)(\d{1,2}(\.\d+)?|100)|IQM|(TM|WM|PR|TC|TS)\([\d.%]*:[\d.%]*\)",
        pattern_meaning="a statistic as p99 or TM(10%:90%)",
    ),
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
    "evaluationPeriods": Number(required=True, minimum=1),
    "datapointsToAlarm": Number(minimum=1),
    "treatMissingData": Text(default="missing", one_of=("breaching", "notBreaching", "ignore", "missing")),
    "evaluateLowSampleCountPercentiles": Text(
        computed=True, one_of=("evaluate", "ignore"), service_name="EvaluateLowSampleCountPercentile"
    ),
    "actionsEnabled": Flag(default=True),
    "alarmActions": SetOf(_ACTION),
    "okActions": SetOf(_ACTION, maximum_items=5, service_name="OKActions"),
    "insufficientDataActions": SetOf(_ACTION, maximum_items=5),
}


class MetricAlarm(AwsResource):
    """An alarm. Its id is its name."""

    token = "aws:cloudwatch/metricAlarm:MetricAlarm"
    service = "cloudwatch"
    gone = ("ResourceNotFound", "ResourceNotFoundException")
    automatic_name = AutomaticName()
    inputs = {**_ALARM, **REGION, **TAGS}
    outputs = {"arn": Text()}

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        """A statistic is given, and a period that CloudWatch has."""
        if "statistic" not in inputs and "extendedStatistic" not in inputs:
            yield Failure("statistic", "one of statistic and extendedStatistic must be given; found none")
        period = inputs.get("period")
        if isinstance(period, int) and period not in (10, 20, 30) and period % 60:
            yield Failure("period", f"{period} is not allowed; allowed is 10, 20, 30 or a multiple of 60")

    def create(self, inputs: Properties) -> str:
        """Make the alarm."""
        if self.describe(inputs["name"], {}):
            raise Refused(f"there is an alarm {inputs['name']} already")
        self._put(inputs)
        return str(inputs["name"])

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The alarm as it is now."""
        found = self.client.describe_alarms(AlarmNames=[resource_id])["MetricAlarms"]
        if not found:
            return None
        live = found[0]
        tags = self.client.list_tags_for_resource(ResourceARN=live["AlarmArn"])["Tags"]
        return {**from_api(_ALARM, live), "tagsAll": tag_map(tags), "arn": live["AlarmArn"]}

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Put the alarm again; its tags by themselves."""
        if changed - {"tags", "tagsAll"}:
            self._put(new)
        if "tagsAll" in changed:
            added, removed = tag_changes(old, new)
            if removed:
                self.client.untag_resource(ResourceARN=old["arn"], TagKeys=removed)
            if added:
                self.client.tag_resource(ResourceARN=old["arn"], Tags=tag_list(added))

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the alarm."""
        self.client.delete_alarms(AlarmNames=[resource_id])

    def _put(self, inputs: Properties) -> None:
        alarm = to_api(_ALARM, {"threshold": 0, **inputs})
        self.client.put_metric_alarm(**alarm, **given({"Tags": tag_list(inputs.get("tagsAll"))}))
