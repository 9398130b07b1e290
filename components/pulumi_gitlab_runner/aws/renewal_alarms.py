"""The alarms of a function that renews credentials."""

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.iam.host import METRIC_NAMESPACE


def renewal_alarms(
    name: str,
    topic: str,
    function_name: pulumi.Input[str],
    mark: str,
    every: int,
    parent: pulumi.Resource,
) -> None:
    """Tell when a run failed; and when none succeeded for so long that the passwords will soon end.

    Args:
        name: what the alarms' names start with.
        topic: the ARN of the SNS topic that is told.
        function_name: of the function.
        mark: under which name the function tells its successes.
        every: after how many hours it runs.
        parent: the component that they belong to.
    """
    child = pulumi.ResourceOptions(parent=parent)
    aws.cloudwatch.MetricAlarm(
        f"{name}-failed",
        alarm_description=f"A renewal of registry credentials failed; its log says why. {mark}",
        namespace="AWS/Lambda",
        metric_name="Errors",
        dimensions={"FunctionName": function_name},
        statistic="Sum",
        period=300,
        evaluation_periods=1,
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=1,
        treat_missing_data="notBreaching",
        alarm_actions=[topic],
        ok_actions=[topic],
        opts=child,
    )
    hours = every + 1
    aws.cloudwatch.MetricAlarm(
        f"{name}-stale",
        alarm_description=f"Registry credentials were not renewed for {hours} hours; they last 12. {mark}",
        namespace=METRIC_NAMESPACE,
        metric_name="Renewed",
        dimensions={"Renewal": mark},
        statistic="Sum",
        period=3600,
        evaluation_periods=hours,
        comparison_operator="LessThanThreshold",
        threshold=1,
        treat_missing_data="breaching",
        alarm_actions=[topic],
        ok_actions=[topic],
        opts=child,
    )
