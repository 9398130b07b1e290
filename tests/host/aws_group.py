"""An Auto Scaling group in the sandbox's AWS, for the scripts that call AWS."""

import os
import sys
from typing import Any

import boto3

from sandbox.services.aws.server import AwsServer

KEYS = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
AWS_COMMAND = f'exec {sys.executable} -P -m awscli "$@"'
"""The real AWS CLI, as the body of a command."""


def client_of(aws: AwsServer) -> Any:
    """A client for Auto Scaling."""
    return boto3.client("autoscaling", region_name="eu-west-1", endpoint_url=aws.endpoint, **KEYS)


def environment_for(aws: AwsServer) -> dict[str, str]:
    """The environment variables with which the AWS CLI calls the sandbox's AWS."""
    keys = {name.upper(): value for name, value in KEYS.items()}
    return {"AWS_ENDPOINT_URL": aws.endpoint, "HOME": os.devnull, **keys}


def make_group(groups: Any, size: int, name: str = "the-group", host: str = "/the") -> list[str]:
    """Create the group of a host, by default that of the settings; return the IDs of its instances."""
    if not groups.describe_launch_configurations()["LaunchConfigurations"]:
        groups.create_launch_configuration(
            LaunchConfigurationName="template", ImageId="ami-12c6146b", InstanceType="t3.large"
        )
    groups.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchConfigurationName="template",
        MinSize=size,
        MaxSize=2,
        AvailabilityZones=["eu-west-1a"],
        Tags=[{"Key": "gitlab-runner-host", "Value": host, "PropagateAtLaunch": False}],
    )
    # Unhealthy instances stay visible.
    groups.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["ReplaceUnhealthy"])
    return [each["InstanceId"] for each in instances_of(groups, name)]


def instances_of(groups: Any, name: str = "the-group") -> list[Any]:
    """The instances of a group, as the API shows them."""
    (group,) = groups.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return list(group["Instances"])
