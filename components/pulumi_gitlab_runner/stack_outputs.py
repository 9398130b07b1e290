"""What a stack tells of itself in its outputs."""

from collections.abc import Sequence
from typing import Any

import pulumi

from pulumi_gitlab_runner.gitlab.runner_registration import RunnerRegistration
from pulumi_gitlab_runner.iam.registries import required_policies
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.runners import Runner
from pulumi_gitlab_runner.spec.stack import RegistryUser, Stack


def registries_told(stack: Stack, environment: AwsEnvironment) -> dict[str, Any]:
    """Each registry by its name: its host, and the addresses of its repositories."""
    hosts = {name: registry.address_in(environment) for name, registry in stack.registries.items()}
    return {
        name: {
            "host": hosts[name],
            "repositories": {each: f"{hosts[name]}/{each}" for each in registry.repositories},
        }
        for name, registry in stack.registries.items()
    }


def policies_of_owners(
    stack: Stack, environment: AwsEnvironment, users: Sequence[RegistryUser], role_arns: Sequence[str]
) -> dict[str, str]:
    """For each registry of another account, by its name: the policy that its owner must put on it.

    Args:
        stack: the declaration.
        environment: where the stack lives.
        users: what uses registries.
        role_arns: the role of each.
    """
    pulled_by = {
        arn: list(stack.registries_of(user).values()) for user, arn in zip(users, role_arns, strict=True)
    }
    return required_policies(pulled_by, environment)


def runner_told(
    runner: Runner, registration: RunnerRegistration, host: pulumi.Output[str]
) -> pulumi.Output[dict[str, Any]]:
    """What there is to tell of a runner, whose host has this name."""
    return pulumi.Output.all(
        id=registration.runner_id,
        tags=list(runner.registration.tags),
        scope=str(runner.registration.scope),
        host=host,
    )


def variables_told(stack: Stack) -> list[dict[str, Any]]:
    """Each CI variable, those that are kept fresh too."""
    return [
        {
            "scope": str(each.scope),
            "key": each.key,
            "masked": each.masked is not False,
            "protected": each.protected,
        }
        for each in (
            *stack.variables,
            *(variable for auth in stack.hosted_auth.values() for variable in auth.variables),
        )
    ]
