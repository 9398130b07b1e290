"""`config.toml` of GitLab Runner: typed in full, checked against a runner version, rendered.

`ManagerConfig` is the whole file; `check` tells what is wrong with one, `render` writes it.
"""

from pulumi_gitlab_runner.config.autoscaler import (
    AutoscalerConfig,
    AutoscalerPolicyConfig,
    ConnectorConfig,
    ScaleThrottleConfig,
    StateStorageConfig,
    VmIsolationConfig,
)
from pulumi_gitlab_runner.config.cache import AzureCacheConfig, CacheConfig, GcsCacheConfig, S3CacheConfig
from pulumi_gitlab_runner.config.check import check
from pulumi_gitlab_runner.config.docker import DockerConfig, ServiceConfig
from pulumi_gitlab_runner.config.finding import Finding, Severity
from pulumi_gitlab_runner.config.manager import ManagerConfig, SessionServerConfig
from pulumi_gitlab_runner.config.render import render
from pulumi_gitlab_runner.config.runner import RunnerConfig

__all__ = [
    "AutoscalerConfig",
    "AutoscalerPolicyConfig",
    "AzureCacheConfig",
    "CacheConfig",
    "ConnectorConfig",
    "DockerConfig",
    "Finding",
    "GcsCacheConfig",
    "ManagerConfig",
    "RunnerConfig",
    "S3CacheConfig",
    "ScaleThrottleConfig",
    "ServiceConfig",
    "SessionServerConfig",
    "Severity",
    "StateStorageConfig",
    "VmIsolationConfig",
    "check",
    "render",
]
