"""What a role for jobs may do, and which jobs may take it on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pulumi_gitlab_runner.iam.policy import allow, policy_document
from pulumi_gitlab_runner.iam.registries import registry_statements
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.job_roles import JobRole
from pulumi_gitlab_runner.spec.registries import Registry

PUSH_ACTIONS = (
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
"""What a push takes besides a pull: docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html."""


def job_policy(role: JobRole, registries: Mapping[str, Registry], environment: AwsEnvironment) -> str:
    """The policy of a role for jobs: to push to some repositories, and to pull from these and others.

    Args:
        role: the role.
        registries: all that are declared, by name.
        environment: where the stack lives.
    """
    pushed = list(_pushed(role, registries))
    pulled = [registries[name] for name in role.registries]
    statements = list(registry_statements([*pulled, *pushed], environment))
    if arns := [arn for each in pushed for arn in each.pull_access(environment).repositories]:
        statements.append(allow("EcrPush", PUSH_ACTIONS, arns))
    return policy_document(statements)


def job_trust_policy(provider_arn: str, audience: str, subjects: Sequence[str]) -> str:
    """The trust policy of a role for jobs that show an ID token of GitLab.

    In a subject nothing but `*` is a wildcard: neither a project's path nor a branch can hold a `?`.

    Args:
        provider_arn: of the OpenID Connect provider; behind `oidc-provider/` stands what IAM calls it.
        audience: for whom the token must be.
        subjects: the projects, branches and tags.
    """
    provider = provider_arn.partition(":oidc-provider/")[2]
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider_arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {f"{provider}:aud": audience},
            "StringLike": {f"{provider}:sub": sorted(subjects)},
        },
    }
    return policy_document([statement])


def _pushed(role: JobRole, registries: Mapping[str, Registry]) -> Iterable[Registry]:
    """The registries that the role pushes to, each with these repositories alone."""
    for name, repositories in role.push.items():
        registry = registries[name]
        kept = {each: registry.repositories[each] for each in repositories}
        yield replace(registry, repositories=kept)
