"""Log groups and alarms."""

# Annotations are not evaluated: the CloudWatch types take long to import, and few stacks need them.
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.arns import regional_arn
from pulumi_gitlab_runner.aws.existing import unless_log_group
from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.manager.environment import Environment
from pulumi_gitlab_runner.resolution import given
from pulumi_gitlab_runner.spec.aws_tags import AwsTags
from pulumi_gitlab_runner.spec.observation import METRIC_NAMESPACE, Logs


def log_group(
    name: str,
    logs: Logs,
    path: str,
    key_arn: pulumi.Input[str] | None,
    tags: AwsTags,
    parent: pulumi.Resource,
) -> aws.cloudwatch.LogGroup:
    """A log group.

    Args:
        name: the resource name.
        logs: the retention and the KMS key of the logs.
        path: the group's name in CloudWatch.
        key_arn: the KMS key if `logs` has none; None for the key of CloudWatch Logs.
        tags: the tags of the group.
        parent: the parent of the resource.
    """
    return aws.cloudwatch.LogGroup(
        name,
        name=path,
        retention_in_days=logs.retention_days,
        kms_key_id=key_arn if logs.kms_key is None else given(logs.kms_key),
        tags=tag_inputs(tags),
        opts=pulumi.ResourceOptions(parent=parent, hooks=unless_log_group(name, parent)),
    )


def log_group_arn(group: aws.cloudwatch.LogGroup, environment: Environment) -> pulumi.Output[str]:
    """The ARN of a log group."""
    return regional_arn("logs", "log-group", group.name, environment)


def alarm(
    name: str,
    description: str,
    topic: pulumi.Input[str],
    tags: AwsTags,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource] = (),
    **metric: Any,
) -> None:
    """Create an alarm for the sum of a metric.

    Args:
        name: the resource name.
        description: the description of the alarm.
        topic: the ARN of the SNS topic that is notified.
        tags: the tags of the alarm.
        parent: the parent of the resource.
        after: resources to create first.
        metric: the metric, and its comparison with a threshold.
    """
    aws.cloudwatch.MetricAlarm(
        name,
        alarm_description=description,
        statistic="Sum",
        alarm_actions=[topic],
        ok_actions=[topic],
        tags=tag_inputs(tags),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*after]),
        **metric,
    )


def heartbeat(metric: str, dimensions: dict[str, str], period: int, periods: int) -> dict[str, Any]:
    """The metric of an alarm that goes into ALARM when a heartbeat metric has had no data for some periods.

    Without data, the alarm goes into ALARM immediately.

    Args:
        metric: the name of the metric, with a value of 1 for each heartbeat.
        dimensions: the dimensions of the metric.
        period: the length of a period, in seconds.
        periods: the number of consecutive periods without data until ALARM.
    """
    return {
        "namespace": METRIC_NAMESPACE,
        "metric_name": metric,
        "dimensions": dimensions,
        "period": period,
        "evaluation_periods": periods,
        "comparison_operator": "LessThanThreshold",
        "threshold": 1,
        "treat_missing_data": "breaching",
    }
