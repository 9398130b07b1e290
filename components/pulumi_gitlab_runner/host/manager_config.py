"""The config.toml of a runner manager, from the declaration of its runners."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pulumi_gitlab_runner.config.cache import CacheConfig
from pulumi_gitlab_runner.config.docker import DockerConfig, ServiceConfig
from pulumi_gitlab_runner.config.feature_flags import FEATURE_FLAGS
from pulumi_gitlab_runner.config.manager import ManagerConfig
from pulumi_gitlab_runner.config.runner import RunnerConfig
from pulumi_gitlab_runner.host.autoscaler_config import autoscaler_config
from pulumi_gitlab_runner.host.manager_inputs import NOT_MADE, ManagerInputs
from pulumi_gitlab_runner.host.proxy import job_proxy_variables
from pulumi_gitlab_runner.host.trust import (
    GITLAB_AUTHORITIES,
    JOBS_BUNDLE,
    MANAGER_AUTHORITIES,
    gitlab_trust,
    job_trust_variables,
)
from pulumi_gitlab_runner.images.pinned import pinned
from pulumi_gitlab_runner.runner_version import RunnerVersion
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.images import expand_registry_name
from pulumi_gitlab_runner.spec.inputs import Value, known
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.observation import METRICS
from pulumi_gitlab_runner.spec.operating_systems import AMAZON_LINUX_2023
from pulumi_gitlab_runner.spec.runners import Runner, Service

_NO_ROTATION = "FF_DISABLE_AUTOMATIC_TOKEN_ROTATION"
"""Rotation would write the new token only into config.toml, where it is lost with the host."""

_Table = TypeVar("_Table", ManagerConfig, RunnerConfig)

ONLY_DIGESTS = "**/*@sha256:*"
"""The pattern of all images with a digest, also those without a slash; `**@sha256:*` matches only the latter.
The runner compares the text in the job: gitlab-runner, common/allowed_images.go."""


def token_placeholder(runner: str) -> str:
    """The placeholder in config.toml for a runner's token, which the host replaces."""
    return f"@RUNNER_TOKEN_{runner}@"


def number_placeholder(runner: str) -> str:
    """The placeholder in the files for a runner's ID, which the host replaces, with the quotes around it.

    GitLab assigns the ID when the runner is registered; a preview shows the files before that.
    """
    return f"@RUNNER_ID_{runner}@"


def manager_config(inputs: ManagerInputs, fleet_group: str = NOT_MADE) -> ManagerConfig:
    """The configuration of a manager: a `[[runners]]` entry for each of its runners, in declared order.

    `config` in the declaration overrides the settings that result from the rest of the declaration.

    Args:
        inputs: the manager, and the values on which its files depend.
        fleet_group: the name of the fleet's Auto Scaling group, if the manager has a fleet.
    """
    manager = inputs.manager

    def image(declared: Value[str]) -> str:
        return full_image(known(declared), inputs)

    def entry(runner: Runner) -> RunnerConfig:
        config: RunnerConfig = {
            "name": runner.name,
            "url": inputs.gitlab_url,
            "token": inputs.tokens.get(runner.name, token_placeholder(runner.name)),
            "executor": "docker-autoscaler" if manager.fleet else "docker",
            "limit": runner.limit,
            "feature_flags": _feature_flags(RunnerVersion.parse(manager.host.runner_version)),
            "docker": _docker(runner, image),
        }
        if manager.fleet:
            config["autoscaler"] = autoscaler_config(manager.fleet, fleet_group)
        if manager.cache:
            prefix = manager.cache.prefix_of(runner.resource_name)
            config["cache"] = _cache_config(inputs.cache_bucket, prefix, inputs.environment.region)
        if inputs.runner_ids and runner.name in inputs.runner_ids:
            config["id"] = inputs.runner_ids[runner.name]
        name, _ = gitlab_trust(manager.authorities, inputs.gitlab_url)
        if name:
            directory = MANAGER_AUTHORITIES if manager.host.docker else GITLAB_AUTHORITIES
            config["tls_ca_file"] = f"{directory}/{name}"
        return _with_surroundings(_overlaid(config, runner.config), manager, runner, inputs.environment)

    config: ManagerConfig = {
        "concurrent": manager.host.concurrent,
        "check_interval": 3,
        "runners": [entry(each) for each in manager.runners],
    }
    if manager.fleet:
        # In seconds: the manager tries three times, every ten seconds, to remove its instances.
        config["shutdown_timeout"] = 60
    if manager.host.docker:
        config["listen_address"] = METRICS["loopback"]  # in its container, for Docker's health check
    if manager.host.metrics:
        config["listen_address"] = METRICS[manager.host.metrics]
    return _overlaid(config, manager.host.config)


def full_image(declared: str, inputs: ManagerInputs) -> str:
    """An image, as declared, with the host of its registry, pinned to its digest if that is known."""
    full = expand_registry_name(declared, inputs.registries, inputs.environment)
    digest = inputs.digests.get(declared)
    return pinned(full, digest) if digest else full


def _overlaid(ours: _Table, declared: _Table) -> _Table:
    """A table with the values of another one: nested tables are merged, any other value is replaced."""

    def merged(below: Any, above: Any) -> Any:
        if not isinstance(below, Mapping) or not isinstance(above, Mapping):
            return above
        both = {key: merged(below[key], above[key]) for key in below.keys() & above.keys()}
        return {**below, **above, **both}

    table: _Table = merged(ours, declared)
    return table


def _with_surroundings(
    config: RunnerConfig, manager: Manager, runner: Runner, environment: AwsEnvironment
) -> RunnerConfig:
    """A `[[runners]]` entry with the proxy and the certificate authorities that are declared for jobs.

    They are added to the declared environment and volumes.
    """
    variables = job_trust_variables(manager.authorities)
    if variables:
        # The path on the machine with Docker: an instance of a fleet has Amazon Linux 2023.
        system = AMAZON_LINUX_2023 if manager.fleet else manager.host.os
        docker = config["docker"]
        docker["volumes"] = [*docker.get("volumes", ()), f"{system.ca_bundle}:{JOBS_BUNDLE}:ro"]
    if manager.proxy and manager.proxy.jobs:
        variables = {**job_proxy_variables(manager.proxy, environment, runner), **variables}
    if variables:
        ours = [f"{name}={value}" for name, value in variables.items()]
        config["environment"] = [*ours, *config.get("environment", ())]
    return config


def _feature_flags(version: RunnerVersion) -> dict[str, bool]:
    """The flags of each runner; an earlier release than that of a flag would ignore it."""
    flags = {"FF_NETWORK_PER_BUILD": True}
    if version >= RunnerVersion.parse(FEATURE_FLAGS[_NO_ROTATION].since):
        flags[_NO_ROTATION] = True
    return flags


def _docker(runner: Runner, image: Callable[[Value[str]], str]) -> DockerConfig:
    """The `[runners.docker]` section of a runner.

    Each job gets a separate bridge network (`FF_NETWORK_PER_BUILD`, under `[runners.feature_flags]`, where no
    job can disable it), and the tags of images are resolved at every pull.
    """
    docker: DockerConfig = {
        "image": image(runner.image),
        "privileged": False,
        "pull_policy": ["always"],
        "volumes": ["/cache"],
    }
    if runner.services:
        docker["services"] = [_service(service, image(service.name)) for service in runner.services]
    if runner.require_digests:
        docker["allowed_images"] = docker["allowed_services"] = [ONLY_DIGESTS]
    return docker


def _service(service: Service, image: str) -> ServiceConfig:
    config: ServiceConfig = {"name": image}
    if alias := known(service.alias):
        config["alias"] = alias
    for key in ("entrypoint", "command", "environment"):
        if values := getattr(service, key):
            config[key] = [known(each) for each in values]
    return config


def _cache_config(bucket: str, prefix: str, region: str) -> CacheConfig:
    """A cache in S3, read and written with the role of the manager's host.

    Jobs, also those of a fleet, get no credentials: the manager creates a presigned URL for each archive.

    Args:
        bucket: the name of the bucket.
        prefix: the prefix of the runner's objects.
        region: the region of the bucket.
    """
    return {
        "type": "s3",
        "path": prefix,
        # Otherwise the path contains a part of the runner's token, and a new token has an empty cache.
        # Runners are separated by the prefix.
        "shared": True,
        "s3": {"bucket_name": bucket, "bucket_location": region, "authentication_type": "iam"},
    }
