"""The runners of a whole stack: registered in GitLab, and each manager on its host."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from pulumi_gitlab_runner.gitlab.runner_registration import RunnerRegistration
from pulumi_gitlab_runner.manager.arguments import (
    HostedManager,
    HostNetwork,
    NewestImage,
    RegisteredRunner,
)
from pulumi_gitlab_runner.manager.environment import Environment
from pulumi_gitlab_runner.resolution import resolved
from pulumi_gitlab_runner.spec.inputs import known
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.runners import Runner
from pulumi_gitlab_runner.spec.stack import RegistryUser, Stack

Roles = list[tuple[RegistryUser, pulumi.Output[str]]]
"""The users of registries, each with the ARN of its role."""


@dataclass(frozen=True)
class Surroundings:
    """The common inputs of the runners of a stack.

    Attributes:
        name: what the names of their resources start with.
        prefix: what their hosts' names outside of Pulumi start with.
        environment: where in AWS they are.
        digests: those of their images.
        network: for hosts that declare none.
        bucket: that of the files of hosts in EC2; None where there are none.
        key_arn: the key of the parameters of hosts in EC2; None where there are none.
        parent: what the runners belong to.
        machine_images: those that the stack makes, by name.
    """

    name: str
    prefix: str
    environment: Environment
    digests: pulumi.Output[dict[str, str]]
    network: HostNetwork | None
    bucket: pulumi.Output[str] | None
    key_arn: pulumi.Output[str] | None
    parent: pulumi.Resource
    machine_images: Mapping[str, NewestImage] = field(default_factory=dict)

    def options(self, former: str) -> pulumi.ResourceOptions:
        """The options of a child, with the name that it had in the first versions of this library."""
        return pulumi.ResourceOptions(parent=self.parent, aliases=[pulumi.Alias(name=former)])


@dataclass
class StackRunners:
    """The outputs of the runners of a stack.

    Attributes:
        outputs: of each runner, by its name.
        roles: each manager in EC2, with its role.
        docker_policies: by the name of each manager on a Docker host, the policy that its credentials of AWS
            need.
    """

    outputs: dict[str, pulumi.Output[dict[str, Any]]] = field(default_factory=dict)
    roles: Roles = field(default_factory=list)
    docker_policies: dict[str, Any] = field(default_factory=dict)


def stack_runners(stack: Stack, around: Surroundings) -> StackRunners:
    """Make the runners of a stack."""
    made = StackRunners()
    if not stack.managers:
        return made
    registrations = {
        runner.name: RunnerRegistration.of(
            f"{around.name}-{runner.resource_name}",
            runner.registration,
            around.options(runner.resource_name),
        )
        for runner in stack.runners.values()
    }
    cache_bucket = _cache_bucket(stack, around)
    for manager in stack.managers.values():
        in_ec2 = manager.host.docker is None
        hosted = HostedManager(
            manager,
            stack.registries_of(manager),
            stack.gitlab_url,
            {
                each.name: RegisteredRunner(
                    registrations[each.name].runner_id, registrations[each.name].token
                )
                for each in manager.runners
            },
            label=around.prefix + manager.resource_name,
            environment=around.environment,
            digests=around.digests,
            cache_bucket=cache_bucket,
            bucket=around.bucket if in_ec2 else None,
            key_arn=around.key_arn if in_ec2 else None,
            logs_key=around.key_arn if in_ec2 else None,
            network=around.network if in_ec2 else None,
            machine_images=around.machine_images,
            tags=stack.tags,
        )
        host = _instance_host(hosted, around, made) if in_ec2 else _docker_host(hosted, around, made)
        for runner in manager.runners:
            made.outputs[runner.name] = _outputs(runner, registrations[runner.name], host)
    return made


def _outputs(
    runner: Runner, registration: RunnerRegistration, host: dict[str, pulumi.Output[str]]
) -> pulumi.Output[dict[str, Any]]:
    """The outputs of a runner."""
    return pulumi.Output.all(
        id=registration.runner_id,
        tags=resolved(runner.registration.tags).apply(lambda tags: [known(each) for each in known(tags)]),
        scope=resolved(runner.registration.scope).apply(str),
        **host,
    )


def _cache_bucket(stack: Stack, around: Surroundings) -> pulumi.Output[str] | None:
    if stack.cache is None:
        return None
    from pulumi_gitlab_runner.aws.jobs.runner_cache import RunnerCache, TaggedCache

    options = pulumi.ResourceOptions(parent=around.parent)
    cache = TaggedCache(stack.cache, stack.tags, around.environment)
    return RunnerCache.of(around.name, cache, options).bucket


def _docker_host(
    hosted: HostedManager, around: Surroundings, made: StackRunners
) -> dict[str, pulumi.Output[str]]:
    from pulumi_gitlab_runner.docker.docker_runner_host import ContainerHost, DockerRunnerHost

    manager: Manager = hosted.manager
    name = f"{around.name}-{manager.resource_name}"
    host = DockerRunnerHost.of(name, ContainerHost(hosted), around.options(manager.resource_name))
    if manager.host.docker and manager.host.docker.aws_credentials:
        made.docker_policies[manager.name] = host.policy
    return {"host": host.container_name}


def _instance_host(
    hosted: HostedManager, around: Surroundings, made: StackRunners
) -> dict[str, pulumi.Output[str]]:
    from pulumi_gitlab_runner.aws.hosts.runner_fleet import RunnerFleet, once_with_fleet
    from pulumi_gitlab_runner.aws.hosts.runner_host import InstanceHost, RunnerHost

    manager: Manager = hosted.manager
    name = f"{around.name}-{manager.resource_name}"
    if manager.fleet:
        fleet = RunnerFleet.of(name, hosted, around.options(manager.resource_name))
        made.roles.append((manager, fleet.role_arn))
        return {
            "host": fleet.group_name,
            "role": fleet.role_name,
            "security_group": fleet.security_group_id,
        }
    options = once_with_fleet(name, manager.resource_name, around.parent)
    host = RunnerHost.of(name, InstanceHost(hosted), options)
    made.roles.append((manager, host.role_arn))
    return {
        "host": host.group_name,
        "role": host.role_name,
        "profile": host.profile_name,
        "security_group": host.security_group_id,
        "log_group": host.log_group_name,
    }
