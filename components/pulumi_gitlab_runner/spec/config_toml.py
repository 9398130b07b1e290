"""The keys of config.toml in a declaration, and those that it may not set."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_gitlab_runner.config.autoscaler import AutoscalerConfig, ConnectorConfig, StateStorageConfig
from pulumi_gitlab_runner.config.cache import AzureCacheConfig, GcsCacheConfig, S3CacheConfig
from pulumi_gitlab_runner.config.docker import DockerConfig
from pulumi_gitlab_runner.config.manager import ManagerConfig
from pulumi_gitlab_runner.config.runner import RunnerConfig
from pulumi_gitlab_runner.config.structure import nested_tables
from pulumi_gitlab_runner.spec.problems import Problem, join_path

_REGISTERED = "it comes from GitLab, where the runner is registered"
_ROLE = "a host's files contain no secret: let the role of the host give access"

REFUSED_KEYS: dict[type, dict[str, str]] = {
    ManagerConfig: {
        "concurrent": "it is 'concurrent' of the host",
        "runners": "they are declared under 'runners' of the stack",
    },
    RunnerConfig: {
        "name": "it is the runner's name in the declaration",
        "url": "it is 'gitlab_url' of the stack",
        "id": _REGISTERED,
        "token": _REGISTERED,
        "token_obtained_at": _REGISTERED,
        "token_expires_at": _REGISTERED,
        "executor": "it follows from where the runner's jobs run",
        "limit": "it is 'limit' of the runner",
    },
    DockerConfig: {
        "image": "it is 'image' of the runner",
        "services": "they are 'services' of the runner",
    },
    AutoscalerConfig: {
        "capacity_per_instance": "it is 'jobs_per_instance' of the fleet",
        "max_instances": "it is 'max_instances' of the fleet",
        "max_use_count": "it is 'retire_after_jobs' of the fleet",
        "policy": "it is 'idle' of the fleet",
        "plugin_config": "it names the Auto Scaling group of the fleet",
    },
    StateStorageConfig: {"enabled": "it is 'state_storage' of the fleet"},
    S3CacheConfig: dict.fromkeys(("access_key", "secret_key", "session_token"), _ROLE),
    GcsCacheConfig: {"private_key": "a host's files contain no secret: use 'credentials_file'"},
    AzureCacheConfig: {"account_key": _ROLE},
    ConnectorConfig: {
        "username": "it is 'user' of the fleet",
        "password": "a host's files contain no secret: use 'key_path'",
    },
}
"""The keys of config.toml that `config` may not have, by their table, and where each comes from instead."""


def config_problems(config: Mapping[str, Any], table: type, path: str) -> Iterator[Problem]:
    """The keys that `config` of a runner or a host may not set.

    Args:
        config: keys of config.toml, of the right shape.
        table: the type of the table that they belong to.
        path: their place in the declaration.
    """
    yield from _refused_keys(config, table, path)


def _refused_keys(config: Mapping[str, Any], table: type, path: str) -> Iterator[Problem]:
    refused = REFUSED_KEYS.get(table, {})
    for key, value in config.items():
        at = join_path(path, key)
        if key in refused:
            yield Problem(at, f"the key {key!r}, which is not set here", "the other keys", refused[key])
            continue
        for nested, content, nested_at in nested_tables(table, key, value, at):
            yield from _refused_keys(content, nested, nested_at)
