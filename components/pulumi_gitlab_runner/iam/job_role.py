"""The permissions policy and the trust policy of a role for jobs."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pulumi_gitlab_runner.iam.policy import allow, policy_document
from pulumi_gitlab_runner.iam.quotas import INLINE_POLICIES, TRUST_POLICY
from pulumi_gitlab_runner.iam.registries import registry_statements
from pulumi_gitlab_runner.iam.repository_policies import Part
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.inputs import known
from pulumi_gitlab_runner.spec.job_roles import JobRole
from pulumi_gitlab_runner.spec.problems import join_path
from pulumi_gitlab_runner.spec.registries import Registry

PUSH_ACTIONS = (
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
"""The actions of a push, in addition to those of a pull:
docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html."""


def job_policy(
    role: JobRole,
    registries: Mapping[str, Registry],
    environment: AwsEnvironment,
    part: Part | None = None,
    path: str = "",
) -> str:
    """The inline policy of a role for jobs: to push to some repositories, and to pull from these and others.

    Args:
        role: the role.
        registries: all declared registries, by name.
        environment: the AWS environment of the stack.
        part: the repositories to pull from if managed policies have the others; None for all.
        path: the role's path in the declaration.

    Raises:
        DeclarationError: the policy is larger than IAM allows.
    """
    statements = list(registry_statements(pulled_by(role, registries), environment, part=part))
    pushed = _pushed(role, registries)
    if arns := [arn for each in pushed for arn in each.pull_access(environment).repositories]:
        statements.append(allow("EcrPush", PUSH_ACTIONS, arns))
    fix = "divide the repositories to push to among several roles"
    return INLINE_POLICIES.checked(policy_document(statements), join_path(path, "push"), fix)


def job_trust_policy(provider_arn: str, audience: str, role: JobRole, path: str = "") -> str:
    """The trust policy of a role for jobs with an ID token of GitLab.

    The condition lists each project with each branch and tag, if that fits. Otherwise it has one list of the
    projects, and one of the branches and tags: both must match the token's subject,
    `project_path:PROJECT:ref_type:TYPE:ref:REF`, which is equivalent, since none of its parts can contain a
    `:`.

    In a subject only `*` is a wildcard: neither a project's path nor a branch can contain a `?`.

    Args:
        provider_arn: the ARN of the OpenID Connect provider, which ends with `:oidc-provider/` and its name.
        audience: the required audience of the token.
        role: the role, with all values resolved.
        path: its path in the declaration.

    Raises:
        DeclarationError: the policy is larger than IAM allows.
    """
    subject = f"{provider_arn.partition(':oidc-provider/')[2]}:sub"
    each_with_each = {"StringLike": {subject: sorted(role.subjects)}}
    both = {
        "StringLike": {subject: sorted(f"project_path:{known(each)}:*" for each in role.projects)},
        "StringLikeIfExists": {subject: sorted(f"*:{each}" for each in role.references)},
    }
    quota = replace(TRUST_POLICY, characters=role.trust_policy_length)
    for conditions in (each_with_each, both):
        document = token_trust_policy(provider_arn, audience, conditions)
        if quota.size(document) <= quota.characters:
            return document
    fix = (
        'declare a group, such as team/*, or several roles; or request a higher IAM quota "Role trust policy '
        'length", and declare it as trust_policy_length'
    )
    return quota.checked(document, join_path(path, "projects"), fix)


def token_trust_policy(
    provider_arn: str, audience: str, subjects: Mapping[str, Mapping[str, list[str]]]
) -> str:
    """The trust policy of a role that jobs assume with an ID token of GitLab.

    Args:
        provider_arn: the ARN of the OpenID Connect provider, which ends with `:oidc-provider/` and its name.
        audience: the required audience of the token.
        subjects: the conditions on the token's subject.
    """
    provider = provider_arn.partition(":oidc-provider/")[2]
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider_arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{provider}:aud": audience}, **subjects},
    }
    return policy_document([statement])


def pulled_by(role: JobRole, registries: Mapping[str, Registry]) -> list[Registry]:
    """The registries that a role for jobs pulls from: its `registries`, and those that it pushes to."""
    named = [registries[name] for name in role.registries]
    return [*named, *(each for each in _pushed(role, registries) if each.name not in role.registries)]


def _pushed(role: JobRole, registries: Mapping[str, Registry]) -> Iterable[Registry]:
    """The registries that the role pushes to, each with only the repositories that it pushes to."""
    for name, repositories in role.push.items():
        registry = registries[name]
        kept = {each: registry.repositories[each] for each in repositories}
        yield replace(registry, repositories=kept)
