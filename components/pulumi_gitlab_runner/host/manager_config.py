"""The config.toml of a runner manager, from the declaration of its runner."""

from collections.abc import Mapping

from pulumi_gitlab_runner.config.docker import DockerConfig, ServiceConfig
from pulumi_gitlab_runner.config.manager import ManagerConfig
from pulumi_gitlab_runner.config.runner import RunnerConfig
from pulumi_gitlab_runner.images.pinned import pinned
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.images import written_out
from pulumi_gitlab_runner.spec.registries import Registry
from pulumi_gitlab_runner.spec.runners import Runner, Service

ONLY_DIGESTS = "**/*@sha256:*"
"""Matches every image by digest, also one without a slash; `**@sha256:*` would match only the latter.
The runner compares the text as the job writes it: gitlab-runner, common/allowed_images.go."""


def manager_config(
    runner: Runner,
    registries: Mapping[str, Registry],
    environment: AwsEnvironment,
    *,
    gitlab_url: str,
    runner_id: int | None,
    token: str,
    digests: Mapping[str, str] | None = None,
) -> ManagerConfig:
    """The configuration of the manager that runs one runner.

    Every job gets a bridge network of its own (`FF_NETWORK_PER_BUILD`, under `[runners.feature_flags]`,
    where no job can switch it off), and the images' tags are asked for anew at every pull.

    Args:
        runner: the runner.
        registries: those that it uses, by name.
        environment: where its stack lives.
        gitlab_url: GitLab's address as the host reaches it.
        runner_id: the runner's number in GitLab; None where it is not registered.
        token: its authentication token, or what stands for it until the host fills it in.
        digests: the digests of its images, as far as they are known, by the image as declared.
    """

    def image(declared: str) -> str:
        full = written_out(declared, registries, environment)
        digest = (digests or {}).get(declared)
        return pinned(full, digest) if digest else full

    docker: DockerConfig = {
        "image": image(runner.image),
        "privileged": False,
        "pull_policy": ["always"],
        "allowed_pull_policies": ["always"],
        "volumes": ["/cache"],
    }
    if runner.services:
        docker["services"] = [_service(service, image(service.name)) for service in runner.services]
    if runner.require_digests:
        docker["allowed_images"] = docker["allowed_services"] = [ONLY_DIGESTS]
    runner_config: RunnerConfig = {
        "name": runner.name,
        "url": gitlab_url,
        "token": token,
        "executor": "docker",
        "limit": runner.host.concurrent,
        # Rotation would write the new token into config.toml alone, and lose it with the host.
        "feature_flags": {"FF_NETWORK_PER_BUILD": True, "FF_DISABLE_AUTOMATIC_TOKEN_ROTATION": True},
        "docker": docker,
    }
    if runner_id is not None:
        runner_config["id"] = runner_id
    return {"concurrent": runner.host.concurrent, "check_interval": 3, "runners": [runner_config]}


def _service(service: Service, image: str) -> ServiceConfig:
    config: ServiceConfig = {"name": image}
    if service.alias:
        config["alias"] = service.alias
    for key in ("entrypoint", "command", "environment"):
        if values := getattr(service, key):
            config[key] = list(values)
    return config
