"""Permissions to start, terminate and connect to the instances of one fleet.

The actions are those of the AWS plugin for GitLab's fleeting library:
gitlab.com/gitlab-org/fleeting/plugins/aws, recommended IAM policy.
"""

from collections.abc import Iterator

from pulumi_gitlab_runner.iam.policy import Statement, allow
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment


def fleet_statements(group: str, user: str, environment: AwsEnvironment) -> Iterator[Statement]:
    """The statements for the manager of one fleet.

    Args:
        group: the name of the fleet's Auto Scaling group; its ARN also contains an id that AWS generates.
        user: the user that the manager connects as.
        environment: the AWS environment of the fleet.
    """
    yield allow(
        "FleetSize",
        ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
        [environment.arn("autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{group}")],
    )
    # None of these actions supports resource-level permissions.
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
        [environment.arn("ec2", "instance/*")],
        {"StringEquals": {"ec2:ResourceTag/aws:autoscaling:groupName": group, "ec2:osuser": user}},
    )
