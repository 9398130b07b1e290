"""The arguments of components with a runner manager, and their model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NotRequired

import pulumi
from typing_extensions import TypedDict

from pulumi_gitlab_runner.host.check import check_manager_configs
from pulumi_gitlab_runner.manager.environment import Environment, declared_environment
from pulumi_gitlab_runner.resolution import given, given_or_none, with_handles
from pulumi_gitlab_runner.spec.arguments import Places, relocated, stack_of_arguments
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironmentArgs
from pulumi_gitlab_runner.spec.aws_tags import AwsTags
from pulumi_gitlab_runner.spec.cache import CacheDeclaration
from pulumi_gitlab_runner.spec.certificate_authorities import CertificateAuthorityDeclaration
from pulumi_gitlab_runner.spec.inputs import Input, SecretInput, Value, optional, secret, strict, value
from pulumi_gitlab_runner.spec.machine_images import MachineImageDeclaration
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, join_path, listed
from pulumi_gitlab_runner.spec.proxy import ProxyDeclaration
from pulumi_gitlab_runner.spec.registries import Registry, RegistryDeclaration
from pulumi_gitlab_runner.spec.runners import RunnerDeclaration
from pulumi_gitlab_runner.spec.shape import check_shape
from pulumi_gitlab_runner.spec.stack import Stack


@strict
class HostedRunnerArgs(TypedDict):
    """A runner on a host, with its registration in GitLab."""

    runner: RunnerDeclaration
    """The runner."""
    runner_id: Input[str]
    """The ID of the runner in GitLab."""
    token: SecretInput[str]
    """The runner authentication token (`glrt-…`); always treated as a secret."""


@strict
class ManagerArgs(TypedDict):
    """The runners of a manager, and their common settings."""

    runners: dict[str, HostedRunnerArgs]
    """The runners by name: one that declares a `host`, with others that are `host_of` it; or one with a
    `fleet`."""
    registries: NotRequired[dict[str, RegistryDeclaration]]
    """The registries that the runners use, by name."""
    gitlab_url: Input[str]
    """GitLab's address as the host reaches it, such as `https://gitlab.example.com`."""
    cache: NotRequired[CacheDeclaration]
    """The cache of the runners' jobs. Default: none."""
    proxy: NotRequired[ProxyDeclaration]
    """The HTTP proxy of the host. Default: none."""
    certificate_authorities: NotRequired[dict[str, CertificateAuthorityDeclaration]]
    """The private certificate authorities that the host trusts, by name. Default: only public authorities."""
    cache_bucket: NotRequired[Input[str]]
    """The name of the cache's bucket; see `RunnerCache`. Required with `cache`."""
    environment: NotRequired[AwsEnvironmentArgs]
    """The AWS account and region of the component. Default: those of the AWS provider."""
    digests: NotRequired[Input[dict[str, str]]]
    """The digests of the images that the runners declare, `sha256:…`, by the image as declared; an image that
    is left out keeps its tag. Default: looked up in the registries."""


@strict
class HostNetworkArgs(TypedDict):
    """A VPC and the subnets of its instances."""

    vpc_id: Input[str]
    """The ID of the VPC."""
    subnet_ids: Input[list[str]]
    """The IDs of the subnets; they need a route to GitLab and the registries."""


@strict
class MachineImageArgs(TypedDict):
    """A machine image of `RunnerImage`, for hosts or fleets."""

    image: MachineImageDeclaration
    """The machine image."""
    parameter: Input[str]
    """The name of the parameter with the ID of the newest image; see `RunnerImage.parameter_name`."""
    image_id: Input[str]
    """The ID of the newest image; see `RunnerImage.image_id`. A change replaces hosts."""


@strict
class InstanceManagerArgs(ManagerArgs):
    """The runners of a manager on an EC2 instance, and their common settings."""

    bucket: Input[str]
    """The bucket from which hosts fetch their files; see `HostStore`."""
    key_arn: Input[str]
    """The customer-managed key that encrypts the host's parameters; see `HostStore`."""
    network: NotRequired[HostNetworkArgs]
    """The network of the instances if the runners declare no `vpc`; see `RunnerNetwork`. Default: the
    account's default VPC."""
    machine_images: NotRequired[dict[str, MachineImageArgs]]
    """The machine images that the host or fleet names, by name. Default: none."""


@dataclass(frozen=True)
class RegisteredRunner:
    """The registration of a runner in GitLab.

    Attributes:
        runner_id: the ID of the runner in GitLab.
        token: the runner authentication token, a secret.
    """

    runner_id: pulumi.Output[str]
    token: pulumi.Output[str]


@dataclass(frozen=True)
class HostNetwork:
    """A VPC and the subnets of its instances.

    Attributes:
        ranges: the IPv4 ranges of the VPC; None if not looked up yet.
    """

    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Any]
    ranges: pulumi.Input[Any] | None = None


@dataclass(frozen=True)
class NewestImage:
    """The newest image of a machine image that a stack builds.

    Attributes:
        parameter: the name of the parameter with its ID, for launch templates.
        image_id: its ID at the time of this update.
    """

    parameter: pulumi.Input[str]
    image_id: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class HostedManager:
    """A manager, with the inputs of its host.

    Attributes:
        manager: the manager.
        registries: the registries that its runners use, by name.
        gitlab_url: GitLab's address.
        runners: the registrations of its runners, by name.
        environment: the AWS account and region; None if not looked up yet.
        digests: the digests of its images; None if not looked up yet.
        cache_bucket: the name of the cache's bucket; None without a cache.
        path: the prefix of the paths of its problems.
        places: the paths of its runners in the arguments of a component.
    """

    manager: Manager
    registries: Mapping[str, Registry]
    gitlab_url: Value[str]
    runners: Mapping[str, RegisteredRunner]
    environment: Environment | None = None
    digests: pulumi.Input[dict[str, str]] | None = None
    cache_bucket: pulumi.Input[str] | None = None
    path: str = "stack"
    places: Places = field(default_factory=dict)

    def stack(self) -> Stack:
        """A stack with only this manager."""
        return Stack(self.gitlab_url, self.registries, managers={self.manager.name: self.manager})


@dataclass(frozen=True, kw_only=True)
class InstanceManager(HostedManager):
    """A manager on an EC2 instance, with the inputs of its instance.

    Attributes:
        label: the name of its host in Parameter Store, CloudWatch, S3 and descriptions.
        bucket: the name of the bucket with its host's files.
        key_arn: the ARN of the KMS key of its parameters.
        logs_key: the ARN of the KMS key of its log group; None for the default encryption of CloudWatch Logs.
        network: the network of the host if it declares no VPC; None for the default VPC.
        machine_images: the machine images that its host or fleet names, by name.
        tags: the tags of the whole stack.
    """

    label: str
    bucket: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    logs_key: pulumi.Input[str] | None = None
    network: HostNetwork | None = None
    machine_images: Mapping[str, NewestImage] = field(default_factory=dict)
    tags: AwsTags = field(default_factory=dict)


def read_manager(args: Any, kind: type[ManagerArgs], name: str) -> tuple[dict[str, Any], HostedManager]:
    """A component's arguments, and the manager that they describe.

    Args:
        args: the arguments, as the program gives them.
        kind: the class of the arguments.
        name: the name of the component.

    Raises:
        DeclarationError: the arguments have problems, including those of config.toml; contains all of them.
    """
    shaped: dict[str, Any] = dict(check_shape(with_handles(args, name), kind, name))
    if ("cache" in shaped) != ("cache_bucket" in shaped):
        raise DeclarationError([Problem(name, "only one of 'cache' and 'cache_bucket'", "both or neither")])
    declared: dict[str, Any] = {
        key: shaped[key]
        for key in ("gitlab_url", "registries", "cache", "proxy", "certificate_authorities")
        if key in shaped
    }
    if machine_images := shaped.get("machine_images"):
        declared["machine_images"] = {each: made["image"] for each, made in machine_images.items()}
    declared["runners"] = {
        each: _with_image(hosted["runner"], shaped.get("image")) for each, hosted in shaped["runners"].items()
    }
    runners = join_path(name, "runners")
    places = {join_path(runners, each): join_path(runners, each, "runner") for each in shaped["runners"]}
    stack = stack_of_arguments(declared, name, places)
    with relocated(places):
        check_manager_configs(stack, name)
    manager = _only_manager(stack, runners)
    return shaped, HostedManager(
        manager=manager,
        registries=stack.registries_of(manager),
        gitlab_url=stack.gitlab_url,
        runners={
            each: RegisteredRunner(
                pulumi.Output.from_input(given(hosted["runner_id"])),
                pulumi.Output.from_input(given(secret(hosted["token"]))),
            )
            for each, hosted in shaped["runners"].items()
        },
        environment=declared_environment(shaped.get("environment"), name),
        digests=given_or_none(optional(shaped.get("digests"))),
        cache_bucket=given_or_none(optional(shaped.get("cache_bucket"))),
        path=name,
        places=places,
    )


def read_instance_manager(
    args: Any, kind: type[InstanceManagerArgs], name: str
) -> tuple[dict[str, Any], InstanceManager]:
    """The same for a manager on an EC2 instance."""
    shaped, hosted = read_manager(args, kind, name)
    network = shaped.get("network")
    return shaped, InstanceManager(
        **vars(hosted),
        label=name,
        bucket=given(value(shaped["bucket"])),
        key_arn=given(value(shaped["key_arn"])),
        network=network and HostNetwork(given(value(network["vpc_id"])), given(value(network["subnet_ids"]))),
        machine_images={
            each: NewestImage(given(value(made["parameter"])), given(value(made["image_id"])))
            for each, made in shaped.get("machine_images", {}).items()
        },
    )


def _with_image(runner: Any, image: Any) -> Any:
    """The declaration of a runner, with `image` in place of the declared image of its manager."""
    if image is None or "docker" not in runner.get("host", {}):
        return runner
    host = runner["host"]
    return {**runner, "host": {**host, "docker": {**host["docker"], "image": image}}}


def _only_manager(stack: Stack, path: str) -> Manager:
    if len(stack.managers) != 1:
        found = f"the hosts of {listed(stack.managers, 'no runner')}"
        remedy = "create one RunnerHost for each host"
        raise DeclarationError(
            [Problem(path, found, "one host, and runners that are host_of its runner", remedy)]
        )
    (manager,) = stack.managers.values()
    return manager
