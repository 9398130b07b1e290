"""Policies of the instance on which EC2 Image Builder builds an image, and of the cleanup of old images."""

from collections.abc import Sequence

from pulumi_gitlab_runner.iam.host import report_statements, session_statements
from pulumi_gitlab_runner.iam.policy import allow, policy_document
from pulumi_gitlab_runner.iam.registries import registry_statements
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.registries import Registry


def build_policy(
    registries: Sequence[Registry], component: str, log_group_arn: str, environment: AwsEnvironment
) -> str:
    """The policy of the role of the instance that an image is built and tested on.

    Image Builder connects to it by Systems Manager. AWS's AmazonSSMManagedInstanceCore would allow it to read
    every parameter of the account, and EC2InstanceProfileForImageBuilder every component and every ISO file;
    this policy has only the parts that such a build needs.

    Args:
        registries: those that its job images come from.
        component: the name of the component.
        log_group_arn: the log group of the builds.
        environment: where they are.
    """
    partition = environment.partition
    region_and_account = f"{environment.region}:{environment.account}"
    channel = (
        "AcknowledgeMessage",
        "DeleteMessage",
        "FailMessage",
        "GetEndpoint",
        "GetMessages",
        "SendReply",
    )
    return policy_document(
        [
            *session_statements(environment),
            # How Run Command reaches an instance whose agent is older. None of these has a resource.
            allow("RunCommand", [f"ec2messages:{each}" for each in channel], ["*"]),
            allow(
                "Component",
                ["imagebuilder:GetComponent"],
                [f"arn:{partition}:imagebuilder:{region_and_account}:component/{component}/*/*"],
            ),
            # The program that runs the component: a bucket of Image Builder in each region.
            allow("ComponentProgram", ["s3:GetObject"], [f"arn:{partition}:s3:::ec2imagebuilder*/*"]),
            allow("BuildLogGroup", ["logs:CreateLogGroup"], [log_group_arn]),
            *report_statements(log_group_arn, health=False),
            *registry_statements(registries, environment),
        ]
    )
