"""A runner manager on a Docker host."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NotRequired

import pulumi
import pulumi_docker as docker

from pulumi_gitlab_runner.component import Component
from pulumi_gitlab_runner.config.render import render
from pulumi_gitlab_runner.docker.manager_containers import delivery_container, manager_container
from pulumi_gitlab_runner.host.docker_manager import docker_manager_files
from pulumi_gitlab_runner.host.files import HostFile
from pulumi_gitlab_runner.host.manager_config import full_image, manager_config, number_placeholder
from pulumi_gitlab_runner.iam.cache import cache_statements
from pulumi_gitlab_runner.iam.manager import manager_policy
from pulumi_gitlab_runner.iam.policy import Statement
from pulumi_gitlab_runner.manager.arguments import HostedManager, ManagerArgs, read_manager
from pulumi_gitlab_runner.manager.environment import environment_of, nowhere
from pulumi_gitlab_runner.manager.inputs import manager_inputs, with_cache
from pulumi_gitlab_runner.resolution import given, given_or_none, login_of, refused_as_whole, resolved
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.declared import declared_manager
from pulumi_gitlab_runner.spec.docker_hosts import DockerHost
from pulumi_gitlab_runner.spec.inputs import Input, known, optional, strict
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, join_path
from pulumi_gitlab_runner.spec.registries import Registry


@strict
class DockerRunnerHostArgs(ManagerArgs):
    """The runners of a manager on a Docker host, and what they use."""

    image: NotRequired[Input[str]]
    """The manager's image, instead of the declared one, if the same program builds it; preferably with a
    digest."""


@dataclass(frozen=True)
class ContainerHost:
    """A manager on a Docker host, and its image; None for the declared image."""

    hosted: HostedManager
    image: pulumi.Input[str] | None = None


class DockerRunnerHost(Component[ContainerHost]):
    """A runner manager as a container on a Docker host, which runs its jobs as containers on the same host.

    The Docker provider defines the host: the provider in `opts`, else that of `docker:host`, with a socket,
    SSH or TLS.

    The manager reads its files from a volume. A container that runs once checks and writes them atomically,
    so changed files reach the manager while jobs run. A changed image creates a new manager; the old one
    accepts no more jobs, and is removed after its last one. The image is pinned to its digest, like those of
    the runners.

    Tokens and passwords are in the volume, in files that only root can read, and not in images or environment
    variables. On the Docker host, everyone with access to its socket can read them.

    Creates:

    - `docker:index/network:Network`: the network of the manager; each job has its own
    - `docker:index/volume:Volume`: the volume of the manager's files
    - `docker:index/container:Container`, twice: the delivery, `NAME-files`, and the manager

    Raises `pulumi.RunError` for a wrong declaration of a runner or registry, for an image without a digest if
    digests are required, and for files that were not delivered.
    """

    container_name: pulumi.Output[str]
    """The name of the manager's container."""
    policy: pulumi.Output[str]
    """The IAM policy that its AWS credentials need; empty without `aws_credentials`. The owner of a registry
    in another account must allow the same user or role."""

    def __init__(
        self, name: str, args: DockerRunnerHostArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        with refused_as_whole():
            shaped, hosted = read_manager(args, DockerRunnerHostArgs, name)
            if hosted.manager.host.docker is None:
                found = "a runner with a host on EC2"
                allowed = "a runner whose host is a Docker host: host: {docker: {}}"
                at = join_path(name, "runners", hosted.manager.name, "runner")
                raise DeclarationError([Problem(at, found, allowed)])
        self._make(name, ContainerHost(hosted, given_or_none(optional(shaped.get("image")))), opts)

    def _make(self, name: str, model: ContainerHost, opts: pulumi.ResourceOptions | None) -> None:
        hosted, manager, host = model.hosted, model.hosted.manager, model.hosted.manager.host.docker
        self.register_component("DockerRunnerHost", name, declared_manager(manager, hosted.registries), opts)
        assert host is not None  # noqa: S101 - checked where the arguments are read
        environment = hosted.environment or (environment_of(self) if hosted.stack().in_aws else nowhere())
        images = manager.images if model.image is not None else manager.pinned_images
        pinned = manager_inputs(hosted, images, environment, self)
        inputs = with_cache(pinned, hosted)
        runner_ids = pulumi.Output.all(**{each: it.runner_id for each, it in hosted.runners.items()})
        tokens = pulumi.Output.all(**{each: it.token for each, it in hosted.runners.items()})
        passwords = {each.name: login_of(each.login) for each in hosted.registries.values() if each.login}

        def files(known: list[Any]) -> dict[str, HostFile]:
            without, numbers, known_tokens, known_passwords, access_key = known
            known_ids = {each: int(number) for each, number in numbers.items()}
            registered = replace(without, runner_ids=known_ids, tokens=known_tokens)
            return docker_manager_files(registered, known_passwords, access_key)

        if model.image is not None:
            image = pulumi.Output.from_input(model.image)
        else:
            image = pulumi.Output.all(given(host.image), pinned).apply(lambda known: full_image(*known))
        volume = docker.Volume(name, opts=self._child)
        network = docker.Network(name, opts=self._child)
        delivery = delivery_container(
            name,
            image=image,
            volume=volume.name,
            config=inputs.apply(lambda known: render(manager_config(known), number_placeholder)),
            files=pulumi.Output.secret(
                pulumi.Output.all(inputs, runner_ids, tokens, passwords, _access_key(host)).apply(files)
            ),
            parent=self,
        )
        container = manager_container(
            name,
            manager,
            host,
            image=image,
            volume=volume.name,
            network=network.name,
            environment=environment,
            after=delivery,
            parent=self,
        )
        self.container_name = container.name
        self.policy = pulumi.Output.all(
            resolved((manager, tuple(hosted.registries.values()))), environment, hosted.cache_bucket
        ).apply(lambda known: _policy(known[0][0], known[0][1], known[1], known[2]))
        self.register_declared_outputs()


def _access_key(host: DockerHost) -> pulumi.Output[tuple[str, str] | None]:
    """The id and secret of the access key that a Docker host declares; None if it declares none."""
    declared = host.aws_credentials and host.aws_credentials.access_key
    if not declared:
        return pulumi.Output.from_input(None)
    return pulumi.Output.all(*map(given, declared)).apply(lambda pair: (pair[0], pair[1]))


def _policy(
    manager: Manager, registries: Sequence[Registry], environment: AwsEnvironment, cache_bucket: str
) -> str:
    if manager.host.docker is None or manager.host.docker.aws_credentials is None:
        return ""
    further: list[Statement] = []
    if manager.cache:
        key = None if manager.cache.kms_key is None else known(manager.cache.kms_key)
        further += cache_statements(cache_bucket, manager.cache_prefixes, key, environment)
    return manager_policy(
        registries,
        environment,
        parameter_arns=(),
        files_arn=None,
        further=further,
    )
