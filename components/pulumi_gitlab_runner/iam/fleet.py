"""Permissions to start, terminate and connect to the instances of a fleet, and of no other.

The actions are those of the AWS plugin that GitLab's fleeting library runs:
gitlab.com/gitlab-org/fleeting/plugins/aws, recommended IAM policy.
"""

from collections.abc import Iterator

from pulumi_gitlab_runner.iam.policy import Statement, allow
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment


def fleet_statements(group: str, user: str, environment: AwsEnvironment) -> Iterator[Statement]:
    """Statements for the manager of one fleet.

    Args:
        group: the name of the fleet's Auto Scaling group; it is in its ARN behind an id that AWS chooses.
        user: the user that the manager connects as.
        environment: the fleet's.
    """
    region_and_account = f"{environment.region}:{environment.account}"
    yield allow(
        "FleetSize",
        ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
        [
            (
                f"arn:{environment.partition}:autoscaling:{region_and_account}:autoScalingGroup:*"
                f":autoScalingGroupName/{group}"
            )
        ],
    )
    # None of these has a resource.
    yield allow(
        "FleetInstances",
        [
            "autoscaling:DescribeAutoScalingGroups",
            "ec2:DescribeInstances",
            "ec2:DescribeSpotInstanceRequests",
        ],
        ["*"],
        {"StringEquals": {"aws:RequestedRegion": environment.region}},
    )
    yield allow(
        "FleetLogin",
        ["ec2-instance-connect:SendSSHPublicKey"],
        [f"arn:{environment.partition}:ec2:{region_and_account}:instance/*"],
        {"StringEquals": {"ec2:ResourceTag/aws:autoscaling:groupName": group, "ec2:osuser": user}},
    )
