"""The runners of a stack: their registrations in GitLab, and the hosts of their managers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from pulumi_gitlab_runner.component import renamed_child
from pulumi_gitlab_runner.gitlab.runner_registration import RunnerRegistration
from pulumi_gitlab_runner.manager.arguments import (
    HostedManager,
    HostNetwork,
    InstanceManager,
    NewestImage,
    RegisteredRunner,
)
from pulumi_gitlab_runner.manager.environment import Environment
from pulumi_gitlab_runner.resolution import resolved
from pulumi_gitlab_runner.spec.inputs import known
from pulumi_gitlab_runner.spec.runners import Runner
from pulumi_gitlab_runner.spec.stack import RegistryUser, Stack

Roles = list[tuple[RegistryUser, pulumi.Output[str]]]
"""The users of registries, each with the ARN of its role."""


@dataclass(frozen=True)
class CommonInputs:
    """The common inputs of the runners of a stack.

    Attributes:
        name: the prefix of the resource names.
        prefix: the prefix of the hosts' names in Parameter Store, CloudWatch and S3.
        environment: the AWS account and region.
        digests: the digests of the runners' images, by the image as declared.
        network: the network of hosts that declare no VPC.
        bucket: the name of the bucket with the files of hosts in EC2; empty without such hosts.
        key_arn: the ARN of the KMS key of their parameters; empty without such hosts.
        parent: the parent of the resources.
        machine_images: the machine images of the stack, by name.
    """

    name: str
    prefix: str
    environment: Environment
    digests: pulumi.Output[dict[str, str]]
    network: HostNetwork | None
    bucket: pulumi.Output[str]
    key_arn: pulumi.Output[str]
    parent: pulumi.Resource
    machine_images: Mapping[str, NewestImage] = field(default_factory=dict)


@dataclass
class StackRunners:
    """The outputs of the runners of a stack.

    Attributes:
        outputs: the outputs of each runner, by its name.
        roles: each manager in EC2, with the ARN of its role.
        docker_policies: the policy that the AWS credentials of each manager on a Docker host need, by the
            name of the manager.
    """

    outputs: dict[str, pulumi.Output[dict[str, Any]]] = field(default_factory=dict)
    roles: Roles = field(default_factory=list)
    docker_policies: dict[str, Any] = field(default_factory=dict)


def stack_runners(stack: Stack, inputs: CommonInputs) -> StackRunners:
    """Create the runners of a stack."""
    runners = StackRunners()
    if not stack.managers:
        return runners
    registrations = {
        runner.name: RunnerRegistration.of(
            f"{inputs.name}-{runner.resource_name}",
            runner.registration,
            renamed_child(inputs.parent, runner.resource_name),
        )
        for runner in stack.runners.values()
    }
    cache_bucket = _cache_bucket(stack, inputs)
    for manager in stack.managers.values():
        hosted = HostedManager(
            manager=manager,
            registries=stack.registries_of(manager),
            gitlab_url=stack.gitlab_url,
            runners={
                each.name: RegisteredRunner(
                    registrations[each.name].runner_id, registrations[each.name].token
                )
                for each in manager.runners
            },
            environment=inputs.environment,
            digests=inputs.digests,
            cache_bucket=cache_bucket,
        )
        if manager.host.docker:
            host = _docker_host(hosted, inputs, runners)
        else:
            in_ec2 = InstanceManager(
                **vars(hosted),
                label=inputs.prefix + manager.resource_name,
                bucket=inputs.bucket,
                key_arn=inputs.key_arn,
                logs_key=inputs.key_arn,
                network=inputs.network,
                machine_images=inputs.machine_images,
                tags=stack.tags,
            )
            host = _instance_host(in_ec2, inputs, runners)
        for runner in manager.runners:
            runners.outputs[runner.name] = _outputs(runner, registrations[runner.name], host)
    return runners


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


def _cache_bucket(stack: Stack, inputs: CommonInputs) -> pulumi.Output[str] | None:
    if stack.cache is None:
        return None
    from pulumi_gitlab_runner.aws.jobs.runner_cache import RunnerCache, TaggedCache

    options = pulumi.ResourceOptions(parent=inputs.parent)
    cache = TaggedCache(stack.cache, stack.tags, inputs.environment)
    return RunnerCache.of(inputs.name, cache, options).bucket


def _docker_host(
    hosted: HostedManager, inputs: CommonInputs, runners: StackRunners
) -> dict[str, pulumi.Output[str]]:
    from pulumi_gitlab_runner.docker.docker_runner_host import ContainerHost, DockerRunnerHost

    manager = hosted.manager
    name = f"{inputs.name}-{manager.resource_name}"
    host = DockerRunnerHost.of(
        name, ContainerHost(hosted), renamed_child(inputs.parent, manager.resource_name)
    )
    if manager.host.docker and manager.host.docker.aws_credentials:
        runners.docker_policies[manager.name] = host.policy
    return {"host": host.container_name}


def _instance_host(
    hosted: InstanceManager, inputs: CommonInputs, runners: StackRunners
) -> dict[str, pulumi.Output[str]]:
    from pulumi_gitlab_runner.aws.hosts.runner_fleet import RunnerFleet, once_with_fleet
    from pulumi_gitlab_runner.aws.hosts.runner_host import InstanceHost, RunnerHost

    manager = hosted.manager
    name = f"{inputs.name}-{manager.resource_name}"
    if manager.fleet:
        fleet = RunnerFleet.of(name, hosted, renamed_child(inputs.parent, manager.resource_name))
        runners.roles.append((manager, fleet.role_arn))
        return {
            "host": fleet.group_name,
            "role": fleet.role_name,
            "security_group": fleet.security_group_id,
        }
    options = once_with_fleet(name, manager.resource_name, inputs.parent)
    host = RunnerHost.of(name, InstanceHost(hosted), options)
    runners.roles.append((manager, host.role_arn))
    return {
        "host": host.group_name,
        "role": host.role_name,
        "profile": host.profile_name,
        "security_group": host.security_group_id,
        "log_group": host.log_group_name,
    }
