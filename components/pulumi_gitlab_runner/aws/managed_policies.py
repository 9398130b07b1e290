"""The managed policies of a role, for the repositories that its inline policy has no room for."""

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
"""The registries that a role pulls from, when they are known, and where its stack lives."""


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
    """Make the managed policies of a role, and attach them.

    Args:
        name: what their names start with.
        divided: which repositories are in each.
        pulled: the registries.
        role: the role's name.
        role_path: the IAM path of role and policies.
        tags: of the policies.
        declared_at: the place in the declaration of what has the role.
        parent: the component that they belong to.
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
        called = f"{name}-pull-{number}"
        policy = aws.iam.Policy(
            called, path=role_path, policy=document(part), tags=tag_inputs(tags), opts=child
        )
        policy_arn = iam_arn("policy", policy.name, role_path, environment)
        attached.append(aws.iam.RolePolicyAttachment(called, role=role, policy_arn=policy_arn, opts=child))
    return attached
