"""AWS quotas that a stack would exceed, checked before any resource is registered.

Each component checks the quotas that depend on values that are known later, such as the ARNs of created
resources.
"""

from collections.abc import Callable, Iterator
from typing import Any

from pulumi_gitlab_runner.iam.job_role import job_policy, job_trust_policy, pulled_by
from pulumi_gitlab_runner.iam.policy import policy_document
from pulumi_gitlab_runner.iam.quotas import INLINE_POLICIES
from pulumi_gitlab_runner.iam.registries import registry_statements
from pulumi_gitlab_runner.iam.repository_policies import Division, division
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.inputs import deferred_in
from pulumi_gitlab_runner.spec.job_roles import JobRole
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, join_path
from pulumi_gitlab_runner.spec.registries import Registry
from pulumi_gitlab_runner.spec.stack import Stack

_SOMEWHERE = AwsEnvironment("0" * 12, "eu-west-1")
"""An account and region of typical length: the stack's own are looked up later."""


def quota_problems(stack: Stack, path: str) -> Iterator[Problem]:
    """The problems of policies that exceed the quotas of IAM.

    Args:
        stack: the stack.
        path: the prefix of the problems' paths.
    """
    for manager in stack.managers.values():
        if manager.host.docker is None:
            at = join_path(path, "runners", manager.name)
            pulled = list(stack.registries_of(manager).values())
            yield from _pull_problems(pulled, at, len(manager.host.policies))
    for name, auth in stack.hosted_auth.items():
        pulled = list(stack.registries_of(auth).values())
        yield from _pull_problems(pulled, join_path(path, "hosted_auth", name), 0)
    for name, role in stack.job_roles.items():
        yield from _job_role_problems(role, stack, join_path(path, "job_roles", name))


def _pull_problems(registries: list[Registry], path: str, further: int) -> Iterator[Problem]:
    divided, problems = _tried(lambda: division(registries, further=further, path=path))
    yield from problems
    if divided is not None and next(deferred_in(registries), None) is None:
        fix = "use fewer secrets of your own, or more hosts: each host has its own role"
        statements = registry_statements(registries, _SOMEWHERE, batched=True, part=divided.inline)
        yield from INLINE_POLICIES.problems(policy_document(statements), path, fix)


def _job_role_problems(role: JobRole, stack: Stack, path: str) -> Iterator[Problem]:
    pulled = pulled_by(role, stack.registries)
    divided, problems = _tried(lambda: division(pulled, further=0, path=path))
    yield from problems
    if divided is None or next(deferred_in((role, pulled)), None) is not None:
        return
    part = divided.inline
    yield from _tried(lambda: job_policy(role, stack.registries, _SOMEWHERE, part, path))[1]
    host = role.issuer.partition("://")[2]
    provider = f"arn:aws:iam::{_SOMEWHERE.account}:oidc-provider/{host}"
    yield from _tried(lambda: job_trust_policy(provider, role.audience, role, path))[1]


def _tried(make: Callable[[], Any]) -> tuple[Division | None, tuple[Problem, ...]]:
    """The result of a function, or the problems that it raises."""
    try:
        return make(), ()
    except DeclarationError as error:
        return None, error.problems
