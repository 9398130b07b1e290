"""Permissions to pull from the declared registries: for images, and for passwords in secret stores."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_gitlab_runner.iam.policy import Statement
from pulumi_gitlab_runner.iam.pull import (
    owner_policy,
    owner_registry_policy,
    public_gallery_statement,
    pull_statements,
    token_statement,
)
from pulumi_gitlab_runner.iam.repository_policies import Part, repository_statements
from pulumi_gitlab_runner.iam.stored_secret import stored_secret_statements
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.registries import EcrRegistry, Registry
from pulumi_gitlab_runner.spec.stack import RegistryUser, Stack


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
        environment: their stack's.
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


def foreign_owners(stack: Stack) -> dict[str, dict[str, Any]]:
    """The registries of other accounts that a stack pulls from, by name; empty for none.

    Each entry changes with the policies that its owner must add (`required_policies`), and is known before
    anything is created: `account`, which may be a handle, `repositories`, `caches` and `users`.
    """
    owners: dict[str, dict[str, Any]] = {}
    users: list[tuple[str, RegistryUser]] = [
        *((each.resource_name, each) for each in stack.managers.values()),
        *((f"hosted_auth {name}", each) for name, each in stack.hosted_auth.items()),
        *((f"job_roles {name}", each) for name, each in stack.job_roles.items()),
    ]
    for name, user in users:
        for registry in stack.registries_of(user).values():
            if isinstance(registry, EcrRegistry) and registry.account is not None:
                pulled = {"repositories": sorted(registry.repositories), "caches": sorted(registry.caches)}
                owner = owners.setdefault(registry.name, {"account": registry.account, **pulled, "users": []})
                owner["users"].append(name)
    return owners


def required_policies(
    pulled_by: Mapping[str, Sequence[Registry]], environment: AwsEnvironment
) -> dict[str, str]:
    """The policies that the owners of other accounts must add, by registry.

    The key of a registry's name has the policy of each of its repositories; ``NAME/registry`` has the
    registry permissions policy, if it has pull-through caches.

    Args:
        pulled_by: the registries that each role pulls from, by the role's ARN.
        environment: their stack's.
    """
    roles: dict[str, list[str]] = {}
    cached: dict[str, Sequence[str]] = {}
    for role_arn, registries in pulled_by.items():
        for each in registries:
            access = each.pull_access(environment)
            if access.owner:
                roles.setdefault(each.name, []).append(role_arn)
                cached[each.name] = access.cached
    policies: dict[str, str] = {}
    for name, arns in roles.items():
        policies[name] = owner_policy(arns)
        if cached[name]:
            policies[f"{name}/registry"] = owner_registry_policy(arns, cached[name])
    return policies
