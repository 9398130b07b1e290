"""The EC2 host of a runner manager."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.hosts.host_group import host_group
from pulumi_gitlab_runner.aws.hosts.instances import egress_only, metrics_ingress
from pulumi_gitlab_runner.aws.hosts.runner_manager_role import (
    CacheAccess,
    FleetAccess,
    HostAccess,
    ManagerAccess,
    ManagerRole,
    RunnerManagerRole,
)
from pulumi_gitlab_runner.aws.network.host_network import apart_from_jobs, host_network
from pulumi_gitlab_runner.aws.observation import alarm, heartbeat, log_group, log_group_arn
from pulumi_gitlab_runner.aws.reserved_names import host_parameters
from pulumi_gitlab_runner.aws.secret_parameter import registry_parameters, secret_parameter
from pulumi_gitlab_runner.component import Component
from pulumi_gitlab_runner.host.files import files_as_json, host_files, runner_numbers
from pulumi_gitlab_runner.host.parameters import HostParameters
from pulumi_gitlab_runner.host.surroundings import first_boot_files
from pulumi_gitlab_runner.host.user_data import sized_user_data, user_data
from pulumi_gitlab_runner.manager.arguments import (
    HostedManager,
    InstanceManager,
    InstanceManagerArgs,
    read_instance_manager,
)
from pulumi_gitlab_runner.manager.environment import Environment, environment_of
from pulumi_gitlab_runner.manager.inputs import manager_inputs, with_cache
from pulumi_gitlab_runner.resolution import given, given_or_none, refused_as_whole, resolved
from pulumi_gitlab_runner.spec.aws_tags import AwsTags
from pulumi_gitlab_runner.spec.declared import declared_manager
from pulumi_gitlab_runner.spec.inputs import Deferred, Input, optional, strict
from pulumi_gitlab_runner.spec.observation import HEALTH_DIMENSION, HEALTH_METRIC
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, join_path


@strict
class RunnerHostArgs(InstanceManagerArgs):
    """The runners of a host, and what they use."""

    fleet_group: NotRequired[Input[str]]
    """The name of the Auto Scaling group of a fleet's workers; `RunnerFleet` creates it and the host."""


@dataclass(frozen=True)
class InstanceHost:
    """A manager on an EC2 instance, and the name of its fleet's Auto Scaling group; None without a fleet."""

    hosted: InstanceManager
    fleet_group: pulumi.Input[str] | None = None


class RunnerHost(Component[InstanceHost]):
    """One EC2 instance in an Auto Scaling group, which runs a runner manager and its runners' jobs.

    The user data contains no secrets: the instance reads its tokens and the passwords of registries from
    Parameter Store. It downloads its files from S3, so that changed files, such as for another runner, reach
    a running host without replacing it. The images of its runners are pinned to their current digests, so
    that a moved tag changes these files. If a digest cannot be resolved, the tag is kept, with a warning;
    with `require_digests` that is an error.

    Creates:

    - `gitlab-runner:index:RunnerManagerRole`
    - `aws:ssm/parameter:Parameter`: each runner's token, and each declared password of a registry
    - `aws:s3/bucketObjectv2:BucketObjectv2`: the host's files
    - `aws:ec2/securityGroup:SecurityGroup` and `aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule`: all
      egress, or only the declared `egress`; no ingress
    - `aws:ec2/launchTemplate:LaunchTemplate`: IMDSv2 required and unreachable for jobs; encrypted gp3 disk
    - `aws:autoscaling/group:Group`: one instance, or two during a replacement
    - `aws:autoscaling/lifecycleHook:LifecycleHook`: one waits until a new host is ready, and one until the
      jobs of a terminating host have ended
    - `aws:cloudwatch/logGroup:LogGroup`: with `logs`
    - `aws:cloudwatch/metricAlarm:MetricAlarm`: with `alarms`
    - `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule`: with `metrics` for the VPC

    Raises `pulumi.RunError` for a wrong declaration of a runner or registry, and for an image without a
    digest where digests are required.
    """

    group_name: pulumi.Output[str]
    """The Auto Scaling group's name."""
    security_group_id: pulumi.Output[str]
    """The id of its security group."""
    role_arn: pulumi.Output[str]
    """The manager's role."""
    role_name: pulumi.Output[str]
    """The role's name."""
    profile_name: pulumi.Output[str]
    """The name of the host's instance profile."""
    log_group_name: pulumi.Output[str]
    """The name of its log group; empty without `logs`."""
    required_policies: pulumi.Output[dict[str, str]]
    """For each registry of another account, by its name: the policy that its owner must add to each
    repository, so that the manager can pull and Pulumi can read digests; it stays valid when a role is
    replaced. Under `NAME/registry`: the registry permissions policy, where the registry has `caches`."""

    def __init__(self, name: str, args: RunnerHostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        with refused_as_whole():
            shaped, hosted = read_instance_manager(args, RunnerHostArgs, name)
            manager = hosted.manager
            if manager.host.docker:
                found, allowed = "a Docker host", "a host on EC2"
                path = join_path(name, "runners", manager.name, "runner", "host", "docker")
                raise DeclarationError([Problem(path, found, allowed, "use DockerRunnerHost")])
            if bool(manager.fleet) != ("fleet_group" in shaped):
                found = "a fleet, with no group" if manager.fleet else "a group, with no fleet"
                allowed = "'fleet_group' with a runner that declares a fleet"
                raise DeclarationError(
                    [Problem(join_path(name, "fleet_group"), found, allowed, "RunnerFleet creates both")]
                )
        self._make(name, InstanceHost(hosted, given_or_none(optional(shaped.get("fleet_group")))), opts)

    def _make(self, name: str, model: InstanceHost, opts: pulumi.ResourceOptions | None) -> None:
        hosted = model.hosted
        # A fleet shows the declaration of its manager.
        shown = {} if hosted.manager.fleet else declared_manager(hosted.manager, hosted.registries)
        self.register_component("RunnerHost", name, shown, opts)
        host = hosted.manager.host
        environment = hosted.environment or environment_of(self)
        names = host_parameters(hosted.label)
        runner_at = join_path(hosted.path, "runners", hosted.manager.name)
        tags = {**hosted.tags, **host.tags}
        parameters = self._parameters(name, hosted, names, tags)
        delivered = aws.s3.BucketObjectv2(
            f"{name}-files",
            bucket=hosted.bucket,
            key=f"{hosted.label}/files.json",
            content=self._files(model, environment, names, parameters),
            content_type="application/json",
            metadata=pulumi.Output.all(**{each: it.runner_id for each, it in hosted.runners.items()}).apply(
                runner_numbers
            ),
            opts=self._child,
        )
        logs = log_group(name, host.logs, names.prefix, hosted.logs_key, tags, self) if host.logs else None
        access = ManagerAccess(
            hosted.registries,
            (_later(environment.apply(names.all_in)),),
            _later(_object_arn(delivered, environment)),
            HostAccess(
                names.prefix,
                host.session_manager,
                _later(log_group_arn(logs, environment)) if logs else None,
                reports_health=host.alarm_topic is not None,
            ),
            _fleet_access(model),
            _cache_access(hosted),
        )
        role = RunnerManagerRole.of(
            name,
            ManagerRole(
                access,
                runner_at,
                key_arn=_later(hosted.key_arn),
                permissions_boundary=host.permissions_boundary,
                path=host.role_path,
                policies=host.policies,
                tags=tags,
                environment=environment,
            ),
            self._child,
        )
        within = ("fleet", "manager") if hosted.manager.fleet else ("host",)
        network = host_network(host.vpc, host.subnets, hosted.network, self)
        network = apart_from_jobs(network, host.job_networks, join_path(runner_at, *within), self)
        security_group, rules = egress_only(
            name, f"Runner host {hosted.label}", network.vpc_id, host.egress, tags, self
        )
        if host.metrics == "vpc":
            metrics_ingress(name, network.vpc_id, security_group.id, tags, self)

        def boot(known: list[Any]) -> str:
            text = user_data(
                bucket=known[0],
                key=known[1],
                region=known[2].region,
                tokens=names.tokens,
                runner_version=host.runner_version,
                operating_system=host.os,
                user_namespaces=host.user_namespaces,
                further=first_boot_files(known[3][0], known[3][1], known[2], host.os),
            )
            with refused_as_whole():
                return sized_user_data(text, runner_at)

        group = host_group(
            name,
            hosted.manager,
            label=hosted.label,
            tag=names.prefix,
            profile_arn=role.profile_arn,
            security_group_id=security_group.id,
            lives_with=[role, security_group, *rules],
            subnet_ids=network.subnet_ids,
            boot=pulumi.Output.all(
                delivered.bucket,
                delivered.key,
                environment,
                resolved((hosted.manager.proxy, hosted.manager.authorities)),
            ).apply(boot),
            machine_image=hosted.machine_images[host.machine_image] if host.machine_image else None,
            tags=tags,
            parent=self,
        )
        if host.alarm_topic is not None:
            alarm(
                name,
                f"No runner host {hosted.label} has had a working gitlab-runner and Docker for 15 minutes",
                given(host.alarm_topic),
                tags,
                self,
                after=[group],  # its first host reports its health before it is in service
                **heartbeat(HEALTH_METRIC, {HEALTH_DIMENSION: names.prefix}, period=300, periods=3),
            )
        self.group_name = group.name
        self.security_group_id = security_group.id
        self.role_arn = role.role_arn
        self.role_name = role.role_name
        self.profile_name = role.profile_name
        self.log_group_name = pulumi.Output.from_input(logs.name if logs else "")
        self.required_policies = role.required_policies
        self.register_declared_outputs()

    def _parameters(
        self, name: str, hosted: InstanceManager, names: HostParameters, tags: AwsTags
    ) -> list[aws.ssm.Parameter]:
        """Each runner's token, and the user and password of each registry that declares them."""
        tokens = [
            secret_parameter(
                f"{name}-token-{each}", names.token(each), runner.token, hosted.key_arn, tags, self
            )
            for each, runner in hosted.runners.items()
        ]
        registries = hosted.registries.values()
        return [*tokens, *registry_parameters(name, registries, names, hosted.key_arn, tags, self)]

    def _files(
        self,
        model: InstanceHost,
        environment: Environment,
        names: HostParameters,
        parameters: Sequence[aws.ssm.Parameter],
    ) -> pulumi.Output[str]:
        """The content of the S3 object with the host's files."""
        hosted = model.hosted
        inputs = manager_inputs(hosted, hosted.manager.images, environment, self)
        # Derived from the parameters, so that a running host never combines new files with old tokens; and
        # from the group, so that no manager looks for a fleet that does not exist.
        written = pulumi.Output.all(*(each.name for each in parameters), model.fleet_group)
        return pulumi.Output.all(with_cache(inputs, hosted), written).apply(
            lambda known: files_as_json(host_files(known[0], names))
        )


def _object_arn(delivered: aws.s3.BucketObjectv2, environment: Environment) -> pulumi.Output[str]:
    """The ARN of an S3 object, built from bucket and key, so that a preview can show policies for it."""
    return pulumi.Output.all(delivered.bucket, delivered.key, environment).apply(
        lambda known: f"arn:{known[2].partition}:s3:::{known[0]}/{known[1]}"
    )


def _fleet_access(model: InstanceHost) -> FleetAccess | None:
    fleet = model.hosted.manager.fleet
    return FleetAccess(_later(_required(model.fleet_group)), fleet.user) if fleet else None


def _cache_access(hosted: HostedManager) -> CacheAccess | None:
    manager = hosted.manager
    if manager.cache is None:
        return None
    bucket = _later(_required(hosted.cache_bucket))
    return CacheAccess(bucket, manager.cache_prefixes, manager.cache.kms_key)


def _later(output: pulumi.Input[str]) -> Deferred[str]:
    """An output of a resource as a value of the model."""
    return Deferred("", output)


def _required(given: pulumi.Input[str] | None) -> pulumi.Input[str]:
    """An input that `InstanceManagerArgs` requires, although `HostedManager` allows None."""
    assert given is not None  # noqa: S101 - the arguments require it
    return given
