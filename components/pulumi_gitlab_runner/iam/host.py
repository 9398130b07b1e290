"""Permissions of a runner host for itself: its lifecycle, sessions, logs and metrics."""

from collections.abc import Iterator

from pulumi_gitlab_runner.iam.policy import Statement, allow
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.aws_tags import HOST_TAG
from pulumi_gitlab_runner.spec.observation import METRIC_NAMESPACE


def lifecycle_statement(host: str, environment: AwsEnvironment) -> Statement:
    """Delay and complete the launch and termination of instances, or have one replaced, in one host's group.

    Args:
        host: the value of the group's tag `HOST_TAG`.
        environment: the host's.
    """
    region_and_account = f"{environment.region}:{environment.account}"
    return allow(
        "HostLifecycle",
        [
            "autoscaling:CancelInstanceRefresh",
            "autoscaling:CompleteLifecycleAction",
            "autoscaling:RecordLifecycleActionHeartbeat",
            "autoscaling:SetInstanceHealth",
            "autoscaling:StartInstanceRefresh",
        ],
        [
            (
                f"arn:{environment.partition}:autoscaling:{region_and_account}:autoScalingGroup:*"
                f":autoScalingGroupName/*"
            )
        ],
        {"StringEquals": {f"aws:ResourceTag/{HOST_TAG}": host}},
    )


def group_statement(environment: AwsEnvironment) -> Statement:
    """Read which version of its launch template a group launches; the action has no resource.

    Args:
        environment: the host's.
    """
    return allow(
        "HostGroup",
        ["autoscaling:DescribeAutoScalingGroups"],
        ["*"],
        {"StringEquals": {"aws:RequestedRegion": environment.region}},
    )


def session_statements(environment: AwsEnvironment) -> Iterator[Statement]:
    """Sessions of Systems Manager, and none of its other features.

    The actions are those of
    docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html.

    Args:
        environment: the host's.
    """
    region_and_account = f"{environment.region}:{environment.account}"
    instances = f"arn:{environment.partition}:ec2:{region_and_account}:instance/*"
    yield allow("SessionAgent", ["ssm:UpdateInstanceInformation"], [instances])
    # None of these has a resource.
    channels = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
    yield allow("SessionManager", [f"ssmmessages:{each}" for each in channels], ["*"])


def report_statements(log_group_arn: str | None, *, health: bool) -> Iterator[Statement]:
    """Write the journal to one log group, and report that the host works.

    Args:
        log_group_arn: the group; None where logs are not kept.
        health: whether it reports that it works.
    """
    if log_group_arn:
        yield allow(
            "HostLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group_arn}:log-stream:*"]
        )
    if health:
        namespace = {"StringEquals": {"cloudwatch:namespace": METRIC_NAMESPACE}}
        yield allow("HostHealth", ["cloudwatch:PutMetricData"], ["*"], namespace)
