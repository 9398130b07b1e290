"""Whether the config.toml that follows from a declaration is one that its runner takes."""

from collections.abc import Iterator

from pulumi_gitlab_runner.config import Finding, Severity, check
from pulumi_gitlab_runner.host.files import TOKEN_PLACEHOLDER
from pulumi_gitlab_runner.host.manager_config import manager_config
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, join_path
from pulumi_gitlab_runner.spec.stack import Stack

_ANYWHERE = AwsEnvironment("000000000000", "eu-west-1")
"""Where a stack lives changes no more of a config.toml than the hosts of its images."""


def check_manager_configs(stack: Stack, path: str = "stack") -> list[Finding]:
    """Check the config.toml of every runner against the runner version that its host installs.

    Args:
        stack: the declaration.
        path: what the paths of problems start with.

    Returns:
        what works, and hardly as meant.

    Raises:
        DeclarationError: the runner would ignore, refuse or die of something.
    """
    findings = list(_findings(stack, path))
    errors = [each for each in findings if each.severity is Severity.ERROR]
    if errors:
        raise DeclarationError(Problem(each.path, each.found, each.mend) for each in errors)
    return findings


def _findings(stack: Stack, path: str) -> Iterator[Finding]:
    for runner in stack.runners.values():
        config = manager_config(
            runner,
            stack.registries_of(runner),
            _ANYWHERE,
            gitlab_url=stack.gitlab_url,
            runner_id=None,
            token=TOKEN_PLACEHOLDER,
        )
        for each in check(config, runner.host.runner_version):
            place = f"{join_path(path, 'runners', runner.name)}, in config.toml: {each.path}"
            yield Finding(each.severity, place, each.found, each.mend)
