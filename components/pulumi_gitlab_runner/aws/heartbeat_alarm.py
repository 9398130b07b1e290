"""The alarm for a missing heartbeat metric."""

# Types are not looked up before they are used: CloudWatch's take long to load, and few stacks need them.
from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.iam.host import METRIC_NAMESPACE
from pulumi_gitlab_runner.spec.aws_tags import AwsTags


def heartbeat_alarm(
    name: str,
    description: str,
    topic: pulumi.Input[str],
    metric: str,
    dimensions: dict[str, str],
    period: int,
    periods: int,
    tags: AwsTags,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource] = (),
) -> aws.cloudwatch.MetricAlarm:
    """An alarm that fires when a metric has had no data for some periods, for any reason.

    Args:
        name: of the alarm.
        description: what is wrong then.
        topic: the ARN of the SNS topic that is notified.
        metric: what is counted for each time that it is said.
        dimensions: of the metric: who says it.
        period: in seconds.
        periods: after how many periods in a row without data it fires.
        tags: of the alarm.
        parent: the component that it belongs to.
        after: what is made first. An alarm that is made before anything has said so is in alarm at once.
    """
    return aws.cloudwatch.MetricAlarm(
        name,
        alarm_description=description,
        namespace=METRIC_NAMESPACE,
        metric_name=metric,
        dimensions=dimensions,
        statistic="Sum",
        period=period,
        evaluation_periods=periods,
        comparison_operator="LessThanThreshold",
        threshold=1,
        treat_missing_data="breaching",
        alarm_actions=[topic],
        ok_actions=[topic],
        tags=tag_inputs(tags),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*after]),
    )
