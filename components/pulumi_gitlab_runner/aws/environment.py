"""Where in AWS a component's resources live."""

import pulumi
import pulumi_aws as aws
from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment


class AwsEnvironmentArgs(TypedDict):
    """An AWS account and region."""

    account: pulumi.Input[str]
    """The account, 12 digits."""
    region: pulumi.Input[str]
    """The region, such as `eu-west-1`."""
    partition: pulumi.Input[str]
    """The partition: `aws`, `aws-cn` or `aws-us-gov`."""


NOWHERE: AwsEnvironmentArgs = {"account": "", "region": "", "partition": "aws"}
"""For what has nothing in AWS: AWS is not asked."""


def environment_of(parent: pulumi.Resource) -> AwsEnvironmentArgs:
    """The account and region of the AWS provider of `parent`, as that provider says."""
    asked = pulumi.InvokeOutputOptions(parent=parent)
    return {
        "account": aws.get_caller_identity_output(opts=asked).account_id,
        "region": aws.get_region_output(opts=asked).region,
        "partition": aws.get_partition_output(opts=asked).partition,
    }


def known_environment(args: AwsEnvironmentArgs) -> pulumi.Output[AwsEnvironment]:
    """The environment, once it is known."""
    return pulumi.Output.all(args["account"], args["region"], args["partition"]).apply(
        lambda known: AwsEnvironment(*map(str, known))
    )
