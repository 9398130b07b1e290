"""The keys of config.toml in a declaration, and the keys that it must not set."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_gitlab_runner.config.autoscaler import AutoscalerConfig, ConnectorConfig, StateStorageConfig
from pulumi_gitlab_runner.config.cache import AzureCacheConfig, GcsCacheConfig, S3CacheConfig
from pulumi_gitlab_runner.config.docker import DockerConfig
from pulumi_gitlab_runner.config.manager import ManagerConfig
from pulumi_gitlab_runner.config.runner import RunnerConfig
from pulumi_gitlab_runner.config.structure import nested_tables
from pulumi_gitlab_runner.spec.problems import Problem, join_path

_REGISTERED = "it comes from the registration in GitLab"
_ROLE = "a host's files contain no secrets: the role of the host grants access"

REFUSED_KEYS: dict[type, dict[str, str]] = {
    ManagerConfig: {
        "concurrent": "use 'concurrent' of the host",
        "runners": "use 'runners' of the stack",
    },
    RunnerConfig: {
        "name": "it is the runner's name in the declaration",
        "url": "use 'gitlab_url' of the stack",
        "id": _REGISTERED,
        "token": _REGISTERED,
        "token_obtained_at": _REGISTERED,
        "token_expires_at": _REGISTERED,
        "executor": "it follows from 'host', 'host_of' or 'fleet' of the runner",
        "limit": "use 'limit' of the runner",
    },
    DockerConfig: {
        "image": "use 'image' of the runner",
        "services": "use 'services' of the runner",
    },
    AutoscalerConfig: {
        "capacity_per_instance": "use 'jobs_per_instance' of the fleet",
        "max_instances": "use 'max_instances' of the fleet",
        "max_use_count": "use 'retire_after_jobs' of the fleet",
        "policy": "use 'idle' of the fleet",
        "plugin_config": "it contains the Auto Scaling group of the fleet",
    },
    StateStorageConfig: {"enabled": "use 'state_storage' of the fleet"},
    S3CacheConfig: dict.fromkeys(("access_key", "secret_key", "session_token"), _ROLE),
    GcsCacheConfig: {"private_key": "a host's files contain no secrets: use 'credentials_file'"},
    AzureCacheConfig: {"account_key": _ROLE},
    ConnectorConfig: {
        "username": "use 'user' of the fleet",
        "password": "a host's files contain no secrets: use 'key_path'",
    },
}
"""The keys of config.toml that `config` must not have, by their table, each with the source of its value."""


def config_problems(config: Mapping[str, Any], table: type, path: str) -> Iterator[Problem]:
    """The problems of keys that `config` of a runner or a host must not set."""
    refused = REFUSED_KEYS.get(table, {})
    for key, value in config.items():
        at = join_path(path, key)
        if key in refused:
            yield Problem(at, f"the key {key!r}, which is not allowed here", "the other keys", refused[key])
            continue
        for nested, content, nested_at in nested_tables(table, key, value, at):
            yield from config_problems(content, nested, nested_at)
