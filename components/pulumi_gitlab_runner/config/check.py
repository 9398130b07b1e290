"""Checks whether the runner accepts a `config.toml`, and applies it as intended."""

from collections.abc import Mapping
from typing import cast

from pulumi_gitlab_runner.config.finding import Finding
from pulumi_gitlab_runner.config.manager import ManagerConfig
from pulumi_gitlab_runner.config.rules.autoscaler import check_autoscaler
from pulumi_gitlab_runner.config.rules.cache import check_cache
from pulumi_gitlab_runner.config.rules.containers import check_containers
from pulumi_gitlab_runner.config.rules.docker import check_docker
from pulumi_gitlab_runner.config.rules.manager import check_manager
from pulumi_gitlab_runner.config.rules.runner import check_runner
from pulumi_gitlab_runner.config.spelling import as_fields
from pulumi_gitlab_runner.config.structure import check_keys, check_types
from pulumi_gitlab_runner.runner_version import RunnerVersion


def check(config: Mapping[str, object], runner_version: str) -> list[Finding]:
    """Return the errors in a configuration, and the settings that are probably not as intended.

    The runner silently ignores an unknown key, and exits on some wrong values.

    Args:
        config: The data of a `ManagerConfig`, valid or not, with its field names or with the keys of
            `config.toml`. A token that is not known yet may be any text that differs from the other runners'
            tokens.
        runner_version: The version of the runner that reads the file, such as `19.4.0`.

    Returns:
        The findings about types, then about single keys, then about several keys together; the latter only if
        all types are right. Empty for a valid configuration.

    Raises:
        ValueError: `runner_version` is not a version.
    """
    version = RunnerVersion.parse(runner_version)
    config = as_fields(config, ManagerConfig)
    wrong_types = list(check_types(config))
    findings = [*wrong_types, *check_keys(config, version)]
    if wrong_types:
        return findings
    manager = cast("ManagerConfig", config)
    findings += check_manager(manager)
    for index, runner in enumerate(manager.get("runners", [])):
        path = f"runners[{index}]"
        findings += check_runner(runner, path, version)
        findings += check_docker(runner, path, version)
        findings += check_containers(runner.get("docker", {}), f"{path}.docker", version)
        findings += check_autoscaler(runner, path, version)
        findings += check_cache(runner, path)
    return findings
