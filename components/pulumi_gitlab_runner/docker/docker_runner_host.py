"""A runner manager on a Docker host."""

from collections.abc import Mapping
from typing import Any, Literal, NotRequired

import pulumi
import pulumi_docker as docker

from pulumi_gitlab_runner.aws.environment import NOWHERE, environment_of, known_environment
from pulumi_gitlab_runner.aws.image_digests import image_digests
from pulumi_gitlab_runner.aws.manager_args import (
    HostedRunnerArgs,
    ManagerArgs,
    declared_manager,
    declared_stack,
)
from pulumi_gitlab_runner.config.render import render
from pulumi_gitlab_runner.declared import registry_credentials, told_once
from pulumi_gitlab_runner.docker.manager_containers import delivery_container, manager_container
from pulumi_gitlab_runner.host.docker_manager import docker_manager_files, has_password
from pulumi_gitlab_runner.host.files import HostFile
from pulumi_gitlab_runner.host.manager_config import full_image, manager_config
from pulumi_gitlab_runner.iam.cache import cache_statements
from pulumi_gitlab_runner.iam.manager import manager_policy
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.docker_hosts import DockerHost
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, join_path
from pulumi_gitlab_runner.spec.registries import Registry
from pulumi_gitlab_runner.spec.runners import check_pinned
from pulumi_gitlab_runner.spec.shape import KNOWN_LATER, check_keys


class DockerRunnerHostArgs(ManagerArgs):
    """The runners of a manager on a Docker host, and what they use."""

    image: NotRequired[pulumi.Input[str]]
    """The manager's image in place of the declared one, where the same program builds it; best by digest."""


class DockerRunnerHost(pulumi.ComponentResource):
    """A runner manager as a container on a Docker host, which starts its jobs beside it.

    The Docker provider says which host: that of `opts`, else the stack's own, `docker:host`, over a socket,
    SSH or TLS.

    The manager reads its files from a volume. A container that runs once delivers them, checked and whole or
    not at all, so a change of them reaches the manager with its jobs running. A changed image makes a new
    manager; the old one takes no more jobs, and is removed when its last one has ended. The image is pinned
    to its digest, as those of the runners are.

    Tokens and passwords lie in the volume, in files of root's, and in no image and no environment. On the
    Docker host, who may use its socket may read them.

    Creates:

    - `docker:index/network:Network`: the manager's; each job has another one
    - `docker:index/volume:Volume`: the manager's files
    - `docker:index/container:Container`, twice: the delivery, `NAME-files`, and the manager

    Raises `pulumi.RunError` for a runner or registry that is wrongly declared, for an image without a digest
    where digests are required, and for files that were not delivered.
    """

    container_name: pulumi.Output[str]
    """The name of the manager's container."""
    policy: pulumi.Output[str]
    """The IAM policy that its AWS credentials need, and no more; empty without `aws_credentials`. The owner
    of a registry in another account must allow the same user or role."""

    def __init__(
        self, name: str, args: DockerRunnerHostArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        with told_once():
            check_keys(args, DockerRunnerHostArgs, name)
            checked = _with_image(args)
            stack, manager = declared_manager(checked, name)
            host = _docker_host(manager, name)
        registries = stack.registries_of(manager)
        super().__init__("gitlab-runner:index:DockerRunnerHost", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        place = args.get("environment") or (environment_of(self) if stack.in_aws else NOWHERE)
        environment = known_environment(place)
        digests = args.get("digests")
        if digests is None:
            declared = args.get("registries", {})
            images = [each for each in manager.pinned_images if each != KNOWN_LATER]
            digests = image_digests(images, stack.registries, declared, environment, self)

        def config(known: list[Any]) -> str:
            place, digests, runner_ids, cache_bucket = known
            with told_once():
                declared_stack(checked, name, place)
                check_pinned(manager.runners, digests)
            return render(
                manager_config(
                    manager,
                    registries,
                    place,
                    gitlab_url=stack.gitlab_url,
                    runner_ids={each: int(number) for each, number in runner_ids.items()},
                    digests=digests,
                    cache_bucket=cache_bucket,
                )
            )

        def files(known: list[Any]) -> dict[str, HostFile]:
            text, place, tokens, passwords, access_key = known
            return docker_manager_files(
                text, registries, place, tokens=tokens, passwords=passwords, access_key=access_key
            )

        def of_each_runner(key: Literal["runner_id", "token"]) -> pulumi.Output[dict[str, str]]:
            return pulumi.Output.all(**{each: hosted[key] for each, hosted in args["runners"].items()})

        config_text = pulumi.Output.all(
            environment, digests, of_each_runner("runner_id"), args.get("cache_bucket", "")
        ).apply(config)
        passwords = {
            each.name: registry_credentials(args["registries"][each.name])
            for each in registries.values()
            if has_password(each)
        }
        access_key = _access_key(args["runners"][manager.name])
        image = pulumi.Output.from_input(args.get("image", ""))
        if "image" not in args:
            image = pulumi.Output.all(environment, digests).apply(
                lambda known: full_image(host.image, stack.registries, known[0], known[1])
            )
        volume = docker.Volume(name, opts=child)
        network = docker.Network(name, opts=child)
        delivery = delivery_container(
            name,
            image=image,
            volume=volume.name,
            config=config_text,
            files=pulumi.Output.secret(
                pulumi.Output.all(
                    config_text, environment, of_each_runner("token"), passwords, access_key
                ).apply(files)
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
            region=environment.apply(lambda place: place.region),
            after=delivery,
            parent=self,
        )
        self.container_name = container.name
        self.policy = pulumi.Output.all(environment, args.get("cache_bucket", "")).apply(
            lambda known: _policy(manager, host, registries, known[0], known[1])
        )
        self.register_outputs({"containerName": self.container_name, "policy": self.policy})


def _with_image(args: DockerRunnerHostArgs) -> DockerRunnerHostArgs:
    """The arguments, with what stands for the image in the declaration where the image is given beside it."""
    if "image" not in args:
        return args
    runners: dict[str, Any] = {}
    for name, hosted in args["runners"].items():
        runner: Any = hosted["runner"]
        if "docker" in runner.get("host", {}):
            own = {**runner["host"]["docker"], "image": KNOWN_LATER}
            runner = {**runner, "host": {**runner["host"], "docker": own}}
        runners[name] = {**hosted, "runner": runner}
    return {**args, "runners": runners}


def _docker_host(manager: Manager, name: str) -> DockerHost:
    if manager.host.docker is None:
        found = "a runner with a host in EC2"
        allowed = "a runner whose host is a Docker host: host: {docker: {}}"
        raise DeclarationError([Problem(join_path(name, "runners", manager.name), found, allowed)])
    return manager.host.docker


def _access_key(hosted: HostedRunnerArgs) -> pulumi.Output[tuple[str, str] | None]:
    """Id and secret of the access key that a Docker host declares, if it does."""
    declared = hosted["runner"]["host"]["docker"].get("aws_credentials", {}).get("access_key")
    if declared is None:
        return pulumi.Output.from_input(None)
    return pulumi.Output.all(declared["id"], declared["secret"]).apply(lambda pair: (pair[0], pair[1]))


def _policy(
    manager: Manager,
    host: DockerHost,
    registries: Mapping[str, Registry],
    environment: AwsEnvironment,
    cache_bucket: str,
) -> str:
    if host.aws_credentials is None:
        return ""
    further = (
        cache_statements(cache_bucket, manager.cache_prefixes, manager.cache.kms_key, environment)
        if manager.cache
        else ()
    )
    return manager_policy(
        list(registries.values()),
        environment,
        parameter_arns=(),
        key_arn=None,
        files_arn=None,
        further=further,
    )
