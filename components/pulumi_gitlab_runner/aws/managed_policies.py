"""The managed policies of a role, for the repositories that do not fit into its inline policy."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.arns import iam_arn
from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.iam.repository_policies import Division, Part, repository_policy
from pulumi_gitlab_runner.resolution import refused_as_whole
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.aws_tags import AwsTags
from pulumi_gitlab_runner.spec.registries import Registry

Pulled = pulumi.Output[tuple[Sequence[Registry], AwsEnvironment]]
"""The registries that a role pulls from, with all values resolved, and the AWS environment of its stack."""


def managed_policies(
    name: str,
    divided: Division,
    pulled: Pulled,
    *,
    role: pulumi.Output[str],
    role_path: pulumi.Input[str] | None,
    tags: AwsTags,
    declared_at: str,
    parent: pulumi.Resource,
) -> list[aws.iam.RolePolicyAttachment]:
    """Create the managed policies of a role, and attach them.

    Args:
        name: the prefix of the resource names.
        divided: the repositories of each policy.
        pulled: the registries.
        role: the role's name.
        role_path: the IAM path of the role and the policies.
        tags: the tags of the policies.
        declared_at: the path in the declaration of the entry that the role belongs to.
        parent: the parent of the resources.
    """
    child = pulumi.ResourceOptions(parent=parent)

    def document(part: Part) -> pulumi.Output[str]:
        def known(found: tuple[Sequence[Registry], AwsEnvironment]) -> str:
            with refused_as_whole():
                return repository_policy(part, *found, declared_at)

        return pulled.apply(known)

    environment = pulled.apply(lambda known: known[1])
    attached = []
    for number, part in enumerate(divided.managed, 1):
        policy_name = f"{name}-pull-{number}"
        policy = aws.iam.Policy(
            policy_name, path=role_path, policy=document(part), tags=tag_inputs(tags), opts=child
        )
        policy_arn = iam_arn("policy", policy.name, role_path, environment)
        attached.append(
            aws.iam.RolePolicyAttachment(policy_name, role=role, policy_arn=policy_arn, opts=child)
        )
    return attached
