"""What it takes to pull from the declared registries: images, and the passwords that lie in secret stores."""

from collections.abc import Iterator, Mapping, Sequence

from pulumi_gitlab_runner.iam.policy import Statement
from pulumi_gitlab_runner.iam.pull import (
    public_gallery_statement,
    pull_by_roles_policy,
    pull_statements,
    token_statement,
)
from pulumi_gitlab_runner.iam.repository_policies import Part, repository_statements
from pulumi_gitlab_runner.iam.stored_secret import stored_secret_statements
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.registries import Registry


def registry_statements(
    registries: Sequence[Registry],
    environment: AwsEnvironment,
    *,
    at_once: bool = False,
    part: Part | None = None,
) -> Iterator[Statement]:
    """Statements that let a role pull from exactly these registries.

    Args:
        registries: the registries.
        environment: where their stack lives.
        at_once: whether many passwords are read with one call.
        part: the repositories, where further policies have the others; None for all of them.
    """
    needed = [each.pull_access(environment) for each in registries]
    if part is None:
        yield from pull_statements(
            [arn for each in needed for arn in each.repositories],
            [arn for each in needed for arn in each.cached],
        )
    else:
        yield token_statement()
        yield from repository_statements(part, registries, environment)
    if any(each.public_gallery for each in needed):
        yield public_gallery_statement()
    stored = [each.stored for each in needed if each.stored]
    yield from stored_secret_statements("Registry", stored, at_once=at_once)


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
            if each.pull_access(environment).owner:
                roles.setdefault(each.name, []).append(role_arn)
    return {name: pull_by_roles_policy(arns) for name, arns in roles.items()}
