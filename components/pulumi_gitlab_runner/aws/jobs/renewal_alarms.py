"""The alarms of the Lambda function that renews credentials."""

import pulumi

from pulumi_gitlab_runner.aws.observation import alarm, heartbeat
from pulumi_gitlab_runner.spec.aws_tags import AwsTags
from pulumi_gitlab_runner.spec.observation import RENEWAL_DIMENSION, RENEWAL_METRIC


def renewal_alarms(
    name: str,
    topic: pulumi.Input[str],
    function_name: pulumi.Input[str],
    mark: str,
    every: int,
    tags: AwsTags,
    parent: pulumi.Resource,
) -> None:
    """An alarm for a failed run, and one for no successful run until shortly before the passwords expire.

    Args:
        name: the prefix of the resource names.
        topic: the ARN of the SNS topic that is notified.
        function_name: the name of the function.
        mark: the value of the metric's dimension `RENEWAL_DIMENSION`.
        every: the interval of the schedule, in hours.
        tags: the tags of the alarms.
        parent: the parent of the resources.
    """
    alarm(
        f"{name}-failed",
        f"A renewal of registry credentials failed; its log says why. {mark}",
        topic,
        tags,
        parent,
        namespace="AWS/Lambda",
        metric_name="Errors",
        dimensions={"FunctionName": function_name},
        period=300,
        evaluation_periods=1,
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=1,
        treat_missing_data="notBreaching",
    )
    hours = every + 1
    alarm(
        f"{name}-stale",
        f"Registry credentials were not renewed for {hours} hours; they last 12. {mark}",
        topic,
        tags,
        parent,
        **heartbeat(RENEWAL_METRIC, {RENEWAL_DIMENSION: mark}, period=3600, periods=hours),
    )
