"""Permissions to pull from the declared registries, and to read their credentials from secret stores."""

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
    batched: bool = False,
    part: Part | None = None,
) -> Iterator[Statement]:
    """The statements that allow a role to pull from exactly these registries.

    Args:
        registries: the registries.
        environment: the AWS environment of the stack.
        batched: whether several passwords are read with one call.
        part: the repositories in the policy if other policies have the rest; None for all.
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
    yield from stored_secret_statements("Registry", stored, batched=batched)


def foreign_owners(stack: Stack) -> dict[str, dict[str, Any]]:
    """The registries of other accounts that a stack pulls from, by name.

    An entry changes whenever the policies change that the owner must add (`required_policies`), and is known
    before any resource is created: `account`, which may be a handle, `repositories`, `caches` and `users`.
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
    """The policies that the owners of other accounts' registries must add, by key.

    The key ``NAME`` is the repository policy for each repository of the registry; the key ``NAME/registry``
    is the registry permissions policy, if the registry has pull-through caches.

    Args:
        pulled_by: the registries that each role pulls from, by the role's ARN.
        environment: the AWS environment of the stack.
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
