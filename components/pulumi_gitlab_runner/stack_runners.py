"""The runners of a whole stack: registered in GitLab, and each manager on its host."""

from dataclasses import dataclass, field
from typing import Any

import pulumi

from pulumi_gitlab_runner.aws.environment import AwsEnvironmentArgs
from pulumi_gitlab_runner.aws.host_network import HostNetworkArgs
from pulumi_gitlab_runner.aws.host_store import HostStore
from pulumi_gitlab_runner.aws.runner_cache import RunnerCache
from pulumi_gitlab_runner.aws.runner_fleet import RunnerFleet, once_with_fleet
from pulumi_gitlab_runner.aws.runner_host import RunnerHost
from pulumi_gitlab_runner.docker.docker_runner_host import DockerRunnerHost
from pulumi_gitlab_runner.gitlab.runner_registration import RunnerRegistration
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.runners import registration_part
from pulumi_gitlab_runner.spec.stack import RegistryUser, Stack, StackDeclaration
from pulumi_gitlab_runner.stack_outputs import runner_told

Roles = list[tuple[RegistryUser, pulumi.Output[str]]]
"""What uses registries, each with the ARN of its role."""


@dataclass
class StackRunners:
    """What there is to tell of the runners of a stack.

    Attributes:
        told: of each runner, by its name.
        roles: each manager in EC2, with its role.
        docker_policies: by the name of each manager on a Docker host, the policy that its credentials of AWS
            need.
    """

    told: dict[str, pulumi.Output[dict[str, Any]]] = field(default_factory=dict)
    roles: Roles = field(default_factory=list)
    docker_policies: dict[str, Any] = field(default_factory=dict)


def stack_runners(
    stack: Stack,
    args: StackDeclaration,
    place: AwsEnvironmentArgs,
    digests: pulumi.Output[dict[str, str]],
    network: HostNetworkArgs | None,
    store: HostStore | None,
    parent: pulumi.Resource,
) -> StackRunners:
    """Make the runners of a stack.

    Args:
        stack: the stack.
        args: its declaration.
        place: where in AWS it lives.
        digests: of the images that its runners declare.
        network: for hosts that declare none.
        store: what hosts in EC2 read from; None where there are none.
        parent: what the runners belong to.
    """
    made = StackRunners()
    if not stack.managers:
        return made
    child = pulumi.ResourceOptions(parent=parent)
    cache_bucket = RunnerCache(parent._name, args["cache"], opts=child).bucket if stack.cache else None
    declared = args["runners"]
    registrations = {
        name: RunnerRegistration(runner.resource_name, registration_part(name, declared[name]), opts=child)
        for name, runner in stack.runners.items()
    }
    for manager in stack.managers.values():
        manager_args: Any = {
            "runners": {
                each.name: {
                    "runner": declared[each.name],
                    "runner_id": registrations[each.name].runner_id,
                    "token": registrations[each.name].token,
                }
                for each in manager.runners
            },
            "registries": {each: args["registries"][each] for each in manager.registries},
            "gitlab_url": stack.gitlab_url,
            "environment": place,
            "digests": digests,
        }
        if cache_bucket is not None:
            manager_args |= {"cache": args["cache"], "cache_bucket": cache_bucket}
        if store is not None and manager.host.docker is None:
            manager_args |= {"bucket": store.bucket, "key_arn": store.key_arn}
            if network is not None:
                manager_args |= {"network": network}
        where = _host(manager, manager_args, made, parent)
        for runner in manager.runners:
            made.told[runner.name] = runner_told(runner, registrations[runner.name], where)
    return made


def _host(
    manager: Manager, manager_args: Any, made: StackRunners, parent: pulumi.Resource
) -> pulumi.Output[str]:
    """Make a manager's host; what it is called."""
    name, child = manager.resource_name, pulumi.ResourceOptions(parent=parent)
    if manager.host.docker:
        on_docker = DockerRunnerHost(name, manager_args, opts=child)
        if manager.host.docker.aws_credentials:
            made.docker_policies[manager.name] = on_docker.policy
        return on_docker.container_name
    host: RunnerHost | RunnerFleet
    if manager.fleet:
        host = RunnerFleet(name, manager_args, opts=child)
    else:
        host = RunnerHost(name, manager_args, opts=once_with_fleet(name, parent))
    made.roles.append((manager, host.role_arn))
    return host.group_name
