"""Permissions of a runner host: its lifecycle hooks, Session Manager, logs and metrics."""

from collections.abc import Iterator

from pulumi_gitlab_runner.iam.policy import Statement, allow
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.aws_tags import HOST_TAG
from pulumi_gitlab_runner.spec.observation import METRIC_NAMESPACE


def lifecycle_statement(host: str, environment: AwsEnvironment) -> Statement:
    """Allow lifecycle actions, health reports and instance refreshes in the Auto Scaling group of one host.

    Args:
        host: the value of the group's tag `HOST_TAG`.
        environment: the AWS environment of the host.
    """
    return allow(
        "HostLifecycle",
        [
            "autoscaling:CancelInstanceRefresh",
            "autoscaling:CompleteLifecycleAction",
            "autoscaling:RecordLifecycleActionHeartbeat",
            "autoscaling:SetInstanceHealth",
            "autoscaling:StartInstanceRefresh",
        ],
        [environment.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/*")],
        {"StringEquals": {f"aws:ResourceTag/{HOST_TAG}": host}},
    )


def group_statement(environment: AwsEnvironment) -> Statement:
    """Allow reading the launch template version of a group; the action supports no resource."""
    return allow(
        "HostGroup",
        ["autoscaling:DescribeAutoScalingGroups"],
        ["*"],
        {"StringEquals": {"aws:RequestedRegion": environment.region}},
    )


def session_statements(environment: AwsEnvironment) -> Iterator[Statement]:
    """Allow Session Manager, and no other feature of Systems Manager.

    The actions are those of
    docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html.
    """
    yield allow("SessionAgent", ["ssm:UpdateInstanceInformation"], [environment.arn("ec2", "instance/*")])
    # None of these actions supports resource-level permissions.
    channels = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
    yield allow("SessionManager", [f"ssmmessages:{each}" for each in channels], ["*"])


def report_statements(log_group_arn: str | None, *, health: bool) -> Iterator[Statement]:
    """Allow writing the journal to one log group, and reporting the host's health as a metric.

    Args:
        log_group_arn: the ARN of the log group; None without logs.
        health: whether the host reports its health.
    """
    if log_group_arn:
        yield allow(
            "HostLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group_arn}:log-stream:*"]
        )
    if health:
        namespace = {"StringEquals": {"cloudwatch:namespace": METRIC_NAMESPACE}}
        yield allow("HostHealth", ["cloudwatch:PutMetricData"], ["*"], namespace)
