"""Warnings about CI variables that are valid, but affect the stack's runners in a probably unintended way."""

from collections.abc import Iterator

from pulumi_gitlab_runner.config.finding import Finding, warning
from pulumi_gitlab_runner.spec.hosted_auth import hosted_auth_warnings
from pulumi_gitlab_runner.spec.problems import join_path, listed
from pulumi_gitlab_runner.spec.runners import Runner
from pulumi_gitlab_runner.spec.stack import Stack
from pulumi_gitlab_runner.spec.variables import DOCKER_AUTH_CONFIG, Variable


def variable_warnings(stack: Stack, path: str = "stack") -> Iterator[Finding]:
    """Warnings about the effects of a stack's CI variables on its runners' credentials.

    Only if a runner certainly runs jobs that get the variable: the projects of a group are not known.

    Args:
        stack: the stack.
        path: the prefix of the findings' paths.
    """
    for index, variable in enumerate(stack.variables):
        at = join_path(path, "variables", index)
        key = "docker_auth" if variable.docker_auth else "value"
        yield from _credential_warnings(variable, stack, join_path(at, key))
    for name, auth in stack.hosted_auth.items():
        at = join_path(path, "hosted_auth", name)
        yield from hosted_auth_warnings(auth, at)
        for variable in auth.variables:
            yield from _credential_warnings(variable, stack, join_path(at, "registries"))


def _credential_warnings(variable: Variable, stack: Stack, path: str) -> Iterator[Finding]:
    if variable.key == DOCKER_AUTH_CONFIG:
        for runner in stack.runners.values():
            yield from _hidden_credentials(variable, runner, path)
    yield from _needless_passwords(variable, stack, path)


def _hidden_credentials(variable: Variable, runner: Runner, path: str) -> Iterator[Finding]:
    """Warnings about a runner's credentials that its jobs do not use.

    The runner uses the first credentials for a host, and those of this variable precede its own:
    gitlab-runner, helpers/docker/auth/auth.go.
    """
    kinds = (variable.scope.kind, runner.registration.scope.kind)
    if variable.scope not in runner.registration.scopes and "instance" not in kinds:
        return
    if not variable.docker_auth and runner.registries:
        yield warning(
            path,
            f"jobs on the runner {runner.name!r} pull with these credentials, and not with the runner's own, "
            f"from the host of {listed(runner.registries)} if the value contains it",
            "remove the hosts of the runner's registries",
        )
    hidden = [name for name in variable.docker_auth if name in runner.registries]
    if hidden:
        yield warning(
            path,
            f"jobs on the runner {runner.name!r} pull from {listed(hidden)} with these credentials, which "
            "every job can read, and not with the runner's own",
            "remove the registries that the runner uses",
        )


def _needless_passwords(variable: Variable, stack: Stack, path: str) -> Iterator[Finding]:
    """Warnings about passwords for all jobs of a group or project whose runners do not use the registry."""
    runners = [each for each in stack.runners.values() if variable.scope in each.registration.scopes]
    used = {name for runner in runners for name in runner.registries}
    needless = [name for name in variable.docker_auth if name not in used]
    if runners and needless:
        yield warning(
            path,
            f"every job of {variable.scope.label} can read the password of {listed(needless)}, which none "
            f"of its runners here uses ({listed(each.name for each in runners)})",
            "remove it, or add it to the registries of a runner, whose jobs cannot read the password",
        )
