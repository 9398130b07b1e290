"""Rules within `[runners.docker]`."""

from collections.abc import Iterator

from pulumi_gitlab_runner.config.docker import DockerConfig
from pulumi_gitlab_runner.config.finding import Finding, error, warning
from pulumi_gitlab_runner.config.rules.environment import check_environment
from pulumi_gitlab_runner.config.runner import RunnerConfig
from pulumi_gitlab_runner.images.docker_in_docker import (
    is_docker_in_docker,
    is_privileged,
    services_are_privileged,
)
from pulumi_gitlab_runner.runner_version import SERVICES_BY_DIGEST, RunnerVersion


def check_docker(runner: RunnerConfig, path: str, version: RunnerVersion) -> Iterator[Finding]:
    """Find settings of a runner's containers without the intended effect."""
    docker = runner.get("docker")
    if docker is None:
        return
    path = f"{path}.docker"
    network_per_build = runner.get("feature_flags", {}).get("FF_NETWORK_PER_BUILD", False)
    yield from _network(docker, path, network_per_build)
    yield from _pull_policies(docker, path)
    yield from _image_patterns(docker, path)
    yield from _privileged_images(docker, path)
    yield from _log_options(docker, path)
    yield from _services(docker, path, version)


def _network(docker: DockerConfig, path: str, network_per_build: bool) -> Iterator[Finding]:
    mode = docker.get("network_mode", "")
    if mode and network_per_build:
        yield error(
            f"{path}.network_mode",
            f"the network `{mode}` disables the network per job, which `FF_NETWORK_PER_BUILD` enables",
            "leave `network_mode` out, or set the flag to false",
        )
    elif not network_per_build:
        shared = f"`{mode}`" if mode else "`bridge`, on which container links lead to their services"
        yield warning(
            f"{path}.network_mode" if mode else path,
            f"all jobs share the network {shared}; services cannot reach the job or one another, and "
            "jobs can reach each other's",
            "set `FF_NETWORK_PER_BUILD` in `feature_flags`",
        )
    for key in ("network_mtu", "enable_ipv6"):
        if docker.get(key) and (mode or not network_per_build):
            yield error(
                f"{path}.{key}",
                "the key is ignored without a network per job",
                "set `FF_NETWORK_PER_BUILD` in `feature_flags` and leave `network_mode` out",
            )


def _pull_policies(docker: DockerConfig, path: str) -> Iterator[Finding]:
    policies = docker.get("pull_policy") or ["always"]
    allowed = docker.get("allowed_pull_policies") or policies
    for policy in policies:
        if policy not in allowed:
            yield error(
                f"{path}.pull_policy",
                f"`{policy}` is not among `allowed_pull_policies`, so that jobs fail",
                f"allowed are {', '.join(f'`{name}`' for name in allowed)}",
            )
    if "if-not-present" in (*policies, *allowed):
        yield warning(
            f"{path}.pull_policy",
            "with `if-not-present`, a job can run private images that other jobs have pulled",
            "use `always`, unless all projects can have access to all images",
        )


def _image_patterns(docker: DockerConfig, path: str) -> Iterator[Finding]:
    lists = {
        "allowed_images": docker.get("allowed_images", []),
        "allowed_services": docker.get("allowed_services", []),
        "allowed_privileged_images": docker.get("allowed_privileged_images", []),
        "allowed_privileged_services": docker.get("allowed_privileged_services", []),
    }
    for key, patterns in lists.items():
        for index, pattern in enumerate(patterns):
            if pattern.startswith("!"):
                yield error(
                    f"{path}.{key}[{index}]",
                    f"`{pattern}` excludes nothing; the first pattern that matches allows the image",
                    "list what is allowed",
                )
            elif pattern.startswith("**@"):
                yield error(
                    f"{path}.{key}[{index}]",
                    f"`{pattern}` matches no image with a `/` in its name",
                    f"write `**/*{pattern.removeprefix('**')}`",
                )


def _privileged_images(docker: DockerConfig, path: str) -> Iterator[Finding]:
    patterns = docker.get("allowed_privileged_images", [])
    if docker.get("privileged") and docker.get("image") and patterns and not {"*", "**"} & set(patterns):
        # The runner compares the name in the job, and an empty name matches only these two patterns.
        yield warning(
            f"{path}.allowed_privileged_images",
            "a job without `image` runs in the default image without privileges",
            "set `image` in these jobs",
        )


def _log_options(docker: DockerConfig, path: str) -> Iterator[Finding]:
    for option in docker.get("log_options", {}):
        if option not in ("env", "labels"):
            yield error(
                f"{path}.log_options.{option}",
                "every job would fail with this option",
                "allowed are `env`, `labels`",
            )


def _services(docker: DockerConfig, path: str, version: RunnerVersion) -> Iterator[Finding]:
    for index, service in enumerate(docker.get("services", [])):
        service_path = f"{path}.services[{index}]"
        name, at, _ = service.get("name", "").partition("@")
        if not name:
            yield error(f"{service_path}.name", "the key is missing or empty", "every service needs an image")
        elif at and ":" not in name.rpartition("/")[2] and version < SERVICES_BY_DIGEST:
            yield error(
                f"{service_path}.name",
                f"GitLab Runner {version} would run `{name}:latest` in place of the digest",
                f"name the tag too, or declare runner version {SERVICES_BY_DIGEST} or later",
            )
        variables = service.get("environment", [])
        yield from check_environment(variables, f"{service_path}.environment", of_service=True)
        if is_docker_in_docker(name) and not is_privileged(service["name"], docker):
            listed = services_are_privileged(docker)
            unlisted = ", and no pattern of `allowed_privileged_services` matches it" if listed else ""
            yield warning(
                f"{service_path}.name",
                f"Docker in Docker, `{name}`, does not start without privileges{unlisted}",
                "set `services_privileged`, with `allowed_privileged_services`; or build images with "
                "Buildah or BuildKit's rootless mode",
            )
