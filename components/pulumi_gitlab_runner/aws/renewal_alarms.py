"""The alarms of a function that renews credentials."""

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.silence_alarm import silence_alarm


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
        opts=pulumi.ResourceOptions(parent=parent),
    )
    hours = every + 1
    silence_alarm(
        f"{name}-stale",
        f"Registry credentials were not renewed for {hours} hours; they last 12. {mark}",
        topic,
        metric="Renewed",
        dimensions={"Renewal": mark},
        period=3600,
        periods=hours,
        parent=parent,
    )
