"""The policy of the instance on which EC2 Image Builder builds and tests a machine image."""

from collections.abc import Sequence

from pulumi_gitlab_runner.iam.host import report_statements, session_statements
from pulumi_gitlab_runner.iam.policy import allow, policy_document
from pulumi_gitlab_runner.iam.registries import registry_statements
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.registries import Registry


def build_policy(
    registries: Sequence[Registry], component: str, log_group_arn: str, environment: AwsEnvironment
) -> str:
    """The policy of the role of the instance on which an image is built and tested.

    Image Builder connects to the instance with Systems Manager. The AWS managed policy
    AmazonSSMManagedInstanceCore would allow it to read every parameter of the account, and
    EC2InstanceProfileForImageBuilder every component and every ISO file; this policy has only the permissions
    that such a build needs.

    Args:
        registries: the registries of its job images.
        component: the name of the Image Builder component.
        log_group_arn: the ARN of the log group of the builds.
        environment: the AWS environment of the builds.
    """
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
            # Run Command uses these for older SSM agents. None of them supports resource-level permissions.
            allow("RunCommand", [f"ec2messages:{each}" for each in channel], ["*"]),
            allow(
                "Component",
                ["imagebuilder:GetComponent"],
                [environment.arn("imagebuilder", f"component/{component}/*/*")],
            ),
            # The program that runs the component is in a bucket of Image Builder in each region.
            allow(
                "ComponentProgram",
                ["s3:GetObject"],
                [f"arn:{environment.partition}:s3:::ec2imagebuilder*/*"],
            ),
            allow("BuildLogGroup", ["logs:CreateLogGroup"], [log_group_arn]),
            *report_statements(log_group_arn, health=False),
            *registry_statements(registries, environment),
        ]
    )
