"""A runner manager as components take it: its runners, and what they use."""

from typing import Any, NotRequired

import pulumi
from typing_extensions import TypedDict

from pulumi_gitlab_runner.aws.environment import AwsEnvironmentArgs
from pulumi_gitlab_runner.aws.host_network import HostNetworkArgs
from pulumi_gitlab_runner.declared import plain
from pulumi_gitlab_runner.host.check import check_manager_configs
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.cache import CacheDeclaration
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, join_path, listed
from pulumi_gitlab_runner.spec.registries import RegistryDeclaration
from pulumi_gitlab_runner.spec.runners import RunnerDeclaration
from pulumi_gitlab_runner.spec.shape import check_keys
from pulumi_gitlab_runner.spec.stack import Stack, build_stack


class HostedRunnerArgs(TypedDict):
    """A runner of a host, and what it was given when it was registered."""

    runner: RunnerDeclaration
    """The runner."""
    runner_id: pulumi.Input[str]
    """Its number in GitLab."""
    token: pulumi.Input[str]
    """Its authentication token (`glrt-…`); always treated as a secret."""


class ManagerArgs(TypedDict):
    """The runners of a manager, and what they use."""

    runners: dict[str, HostedRunnerArgs]
    """The runners by name: one that declares a `host`, with others that are `host_of` it; or one with a
    `fleet`."""
    registries: NotRequired[dict[str, RegistryDeclaration]]
    """The registries that they use, by name."""
    gitlab_url: str
    """GitLab's address as the host reaches it, such as `https://gitlab.example.com`."""
    cache: NotRequired[CacheDeclaration]
    """The cache of their jobs. Default: none."""
    cache_bucket: NotRequired[pulumi.Input[str]]
    """The name of the cache's bucket; see `RunnerCache`. Required with `cache`."""
    environment: NotRequired[AwsEnvironmentArgs]
    """Where in AWS it lives. Default: asked of AWS."""
    digests: NotRequired[pulumi.Input[dict[str, str]]]
    """The digests of the images that the runners declare, `sha256:…`, by the image as declared; one that is
    left out keeps its tag. Default: asked of the registries."""


class InstanceManagerArgs(ManagerArgs):
    """The runners of a manager on an EC2 instance, and what they use."""

    bucket: pulumi.Input[str]
    """The bucket from which hosts fetch their files; see `HostStore`."""
    key_arn: pulumi.Input[str]
    """The customer-managed key that encrypts the host's parameters; see `HostStore`."""
    network: NotRequired[HostNetworkArgs]
    """Where its instances live if the runners declare no `vpc`; see `RunnerNetwork`. Default: the account's
    default VPC."""


def declared_stack(args: ManagerArgs, name: str, environment: AwsEnvironment | None = None) -> Stack:
    """The stack of just these runners, registries and cache.

    Args:
        args: the arguments of a component.
        name: the component's.
        environment: where it lives; None while that is not known.

    Raises:
        DeclarationError: with every problem.
    """
    for each, hosted in args["runners"].items():
        check_keys(hosted, HostedRunnerArgs, join_path(name, "runners", each))
    declared: dict[str, Any] = {
        "gitlab_url": args["gitlab_url"],
        "registries": args.get("registries", {}),
        "runners": {each: hosted["runner"] for each, hosted in args["runners"].items()},
    }
    if "cache" in args:
        declared["cache"] = args["cache"]
    return build_stack(plain(declared), environment, path=name)


def declared_manager(args: ManagerArgs, name: str) -> tuple[Stack, Manager]:
    """The stack of just these runners, and the one manager that they share.

    Raises:
        DeclarationError: with every problem, also those that only the runner would have with its config.toml.
    """
    if ("cache" in args) != ("cache_bucket" in args):
        raise DeclarationError([Problem(name, "one of 'cache' and 'cache_bucket'", "both or neither")])
    stack = declared_stack(args, name)
    check_manager_configs(stack, name)
    return stack, _only_manager(stack, join_path(name, "runners"))


def _only_manager(stack: Stack, path: str) -> Manager:
    if len(stack.managers) != 1:
        found = f"the hosts of {listed(stack.managers, 'no runner')}"
        mend = "give each host a RunnerHost of its own"
        raise DeclarationError(
            [Problem(path, found, "one host, and runners that are host_of its runner", mend)]
        )
    (manager,) = stack.managers.values()
    return manager
