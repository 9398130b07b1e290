"""What it takes to pull from the declared registries: images, and the passwords that lie in secret stores."""

from collections.abc import Iterator, Mapping, Sequence

from pulumi_gitlab_runner.iam.policy import Statement
from pulumi_gitlab_runner.iam.pull import (
    public_gallery_statement,
    pull_by_roles_policy,
    pull_statements,
)
from pulumi_gitlab_runner.iam.stored_secret import stored_secret_statements
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.registries import (
    EcrPublicRegistry,
    EcrRegistry,
    PullThroughRegistry,
    Registry,
    StaticRegistry,
)


def registry_statements(
    registries: Sequence[Registry], environment: AwsEnvironment, *, at_once: bool = False
) -> Iterator[Statement]:
    """Statements that let a role pull from exactly these registries.

    Args:
        registries: the registries.
        environment: where their stack lives.
        at_once: whether many passwords are read with one call.
    """
    owned = [each for each in registries if isinstance(each, EcrRegistry)]
    cached = [each for each in registries if isinstance(each, PullThroughRegistry)]
    yield from pull_statements(
        [arn for each in owned for arn in each.repository_arns(environment)],
        [arn for each in cached for arn in each.repository_arns(environment)],
    )
    if any(isinstance(each, EcrPublicRegistry) for each in registries):
        yield public_gallery_statement()
    passwords = [each for each in registries if isinstance(each, StaticRegistry)]
    yield from stored_secret_statements("Registry", passwords, at_once=at_once)


def required_policies(
    pulled_by: Mapping[str, Sequence[Registry]], environment: AwsEnvironment
) -> dict[str, str]:
    """The policies that the owners of other accounts must put on their repositories, by registry.

    Args:
        pulled_by: the registries that each role pulls from, by the role's ARN.
        environment: where their stack lives.
    """
    roles: dict[str, list[str]] = {}
    for role_arn, registries in pulled_by.items():
        for each in registries:
            if isinstance(each, EcrRegistry) and each.account not in (None, environment.account):
                roles.setdefault(each.name, []).append(role_arn)
    return {name: pull_by_roles_policy(arns) for name, arns in roles.items()}
