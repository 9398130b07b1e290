"""A runner manager and the EC2 instances that it starts for jobs."""

from dataclasses import replace
from typing import Any

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.existing import unless_group
from pulumi_gitlab_runner.aws.hosts.instances import (
    METADATA_FOR_THE_HOST,
    egress_only,
    encrypted_root,
    launched_image,
    tags_at_launch,
    template_description,
)
from pulumi_gitlab_runner.aws.hosts.runner_host import InstanceHost, RunnerHost
from pulumi_gitlab_runner.aws.network.host_network import apart_from_jobs, host_network
from pulumi_gitlab_runner.aws.reserved_names import host_parameters
from pulumi_gitlab_runner.aws.tags import group_tags, tag_inputs
from pulumi_gitlab_runner.component import Component, token_of
from pulumi_gitlab_runner.host.docker_daemon import docker_daemon_config
from pulumi_gitlab_runner.host.surroundings import worker_files
from pulumi_gitlab_runner.host.user_data import encoded, sized_user_data, worker_user_data
from pulumi_gitlab_runner.manager.arguments import (
    InstanceManager,
    InstanceManagerArgs,
    NewestImage,
    read_instance_manager,
)
from pulumi_gitlab_runner.manager.environment import environment_of
from pulumi_gitlab_runner.resolution import refused_as_whole, resolved
from pulumi_gitlab_runner.spec.aws_tags import AwsTags
from pulumi_gitlab_runner.spec.declared import declared_manager
from pulumi_gitlab_runner.spec.fleets import Fleet
from pulumi_gitlab_runner.spec.inputs import strict
from pulumi_gitlab_runner.spec.operating_systems import AMAZON_LINUX_2023
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, join_path


@strict
class RunnerFleetArgs(InstanceManagerArgs):
    """A runner that declares a `fleet`, and what it uses."""


class RunnerFleet(Component[InstanceManager]):
    """A runner manager on its host, and an Auto Scaling group of workers for the jobs.

    Only the manager decides how many workers there are: there is no scaling policy, workers are protected
    from scale-in, and zones are not rebalanced. The group belongs to this one runner and manager. Credentials
    stay on the manager's host: a worker has no role, and accepts connections only from the manager, over SSH
    with a key that EC2 Instance Connect accepts for one minute.

    A change of the workers (image, instance types, disk) applies to new workers: no running job is ended. A
    change that needs a new manager (its instance type, runner version, operating system or image) causes a
    pause: a manager terminates unknown workers when it starts, so the new manager waits until the last job of
    the old one has ended, and the old one accepts no new jobs. New jobs wait in GitLab, at most for the
    longest `maximum_timeout` of the runner.

    Creates:

    - `aws:ec2/securityGroup:SecurityGroup`, `aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule` and
      `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule`: port 22, only from the manager. A manager
      with `egress` gets a rule to the workers
    - `aws:ec2/launchTemplate:LaunchTemplate`: no role, IMDSv2 required, encrypted gp3 disk
    - `aws:autoscaling/group:Group`: 0 to `max_instances` workers, Spot and On-Demand Instances
    - `gitlab-runner:index:RunnerHost`: the manager's host

    Raises `pulumi.RunError` for a wrong declaration of a runner or registry, or a runner without a fleet.
    """

    group_name: pulumi.Output[str]
    """The name of the workers' Auto Scaling group."""
    manager_group_name: pulumi.Output[str]
    """The name of the Auto Scaling group of the manager's host."""
    security_group_id: pulumi.Output[str]
    """The id of the workers' security group."""
    manager_security_group_id: pulumi.Output[str]
    """The id of the security group of the manager's host."""
    role_arn: pulumi.Output[str]
    """The manager's role."""
    role_name: pulumi.Output[str]
    """The role's name."""
    required_policies: pulumi.Output[dict[str, str]]
    """For each registry of another account, by its name: the policy that its owner must add to each
    repository, so that the manager can pull and Pulumi can read digests; it stays valid when a role is
    replaced. Under `NAME/registry`: the registry permissions policy, where the registry has `caches`."""

    def __init__(self, name: str, args: RunnerFleetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        with refused_as_whole():
            _, hosted = read_instance_manager(args, RunnerFleetArgs, name)
            if hosted.manager.fleet is None:
                at = join_path(name, "runners", hosted.manager.name, "runner")
                raise DeclarationError(
                    [Problem(at, "a 'host'", "a 'fleet'", "RunnerHost is for runners on a host")]
                )
        self._make(name, hosted, opts)

    def _make(self, name: str, model: InstanceManager, opts: pulumi.ResourceOptions | None) -> None:
        self.register_component("RunnerFleet", name, declared_manager(model.manager, model.registries), opts)
        fleet = model.manager.fleet
        assert fleet is not None  # noqa: S101 - checked where the arguments are read
        workers, called = f"{name}-workers", f"{model.label}-workers"
        tags = {**model.tags, **fleet.tags}
        fleet_at = join_path(model.path, "runners", model.manager.name, "fleet")
        network = host_network(fleet.vpc, fleet.subnets, model.network, self)
        network = apart_from_jobs(network, fleet.job_networks, fleet_at, self)
        security_group, _ = egress_only(
            workers,
            f"Workers of {model.label}: SSH from their manager",
            network.vpc_id,
            fleet.egress,
            tags,
            self,
        )
        boot = self._boot(model, fleet, fleet_at) if fleet.ami is None else None
        machine_image = model.machine_images[fleet.machine_image] if fleet.machine_image else None
        template = self._template(workers, called, fleet, boot, security_group.id, machine_image, tags)
        names = host_parameters(model.label)
        group = aws.autoscaling.Group(
            workers,
            name=names.fleet_group,
            min_size=0,
            max_size=fleet.max_instances,
            # No desired capacity: the group starts with 0 instances, and the manager sets it from then on.
            wait_for_capacity_timeout="0",
            vpc_zone_identifiers=network.subnet_ids,
            mixed_instances_policy=_mixed_instances(fleet, template),
            protect_from_scale_in=True,
            suspended_processes=["AZRebalance"],
            health_check_type="EC2",
            # Workers are protected from scale-in, so the group could not be deleted otherwise.
            force_delete=True,
            tags=group_tags(tags, Name=f"gitlab-runner-{called}"),
            opts=pulumi.ResourceOptions(parent=self, hooks=unless_group(workers, self)),
        )
        once = _once_without_fleet(self, opts)
        host = RunnerHost.of(name, InstanceHost(model, group.name), once)
        aws.vpc.SecurityGroupIngressRule(
            workers,
            security_group_id=security_group.id,
            description="SSH from the manager",
            referenced_security_group_id=host.security_group_id,
            ip_protocol="tcp",
            from_port=22,
            to_port=22,
            tags=tag_inputs(tags),
            opts=self._child,
        )
        if model.manager.host.egress:
            # The declared egress of the manager's host does not include the workers.
            aws.vpc.SecurityGroupEgressRule(
                f"{workers}-ssh",
                security_group_id=host.security_group_id,
                description="SSH to the workers",
                referenced_security_group_id=security_group.id,
                ip_protocol="tcp",
                from_port=22,
                to_port=22,
                tags=tag_inputs(tags),
                opts=self._child,
            )
        self.group_name = group.name
        self.manager_group_name = host.group_name
        self.security_group_id = security_group.id
        self.manager_security_group_id = host.security_group_id
        self.role_arn = host.role_arn
        self.role_name = host.role_name
        self.required_policies = host.required_policies
        self.register_declared_outputs()

    def _boot(self, model: InstanceManager, fleet: Fleet, path: str) -> pulumi.Input[str]:
        """The user data of a worker."""
        manager = model.manager
        environment = model.environment or environment_of(self)
        parts = (fleet.job_networks, manager.proxy, manager.authorities, tuple(model.registries.values()))

        def boot(known: list[Any]) -> str:
            (networks, proxy, authorities, registries), known_environment = known
            declared = replace(manager, proxy=proxy, authorities=authorities)
            docker_config = docker_daemon_config(
                fleet.jobs_per_instance,
                networks,
                ipv6=manager.ipv6,
                user_namespaces=fleet.user_namespaces,
            )
            text = worker_user_data(docker_config, worker_files(declared, registries, known_environment))
            with refused_as_whole():
                return encoded(sized_user_data(text, path))

        return pulumi.Output.all(resolved(parts), environment).apply(boot)

    def _template(
        self,
        name: str,
        called: str,
        fleet: Fleet,
        boot: pulumi.Input[str] | None,
        security_group_id: pulumi.Output[str],
        machine_image: NewestImage | None,
        tags: AwsTags,
    ) -> aws.ec2.LaunchTemplate:
        return aws.ec2.LaunchTemplate(
            name,
            description=template_description(f"Runner {called}", machine_image),
            image_id=launched_image(AMAZON_LINUX_2023, fleet.architecture, fleet.ami, machine_image),
            vpc_security_group_ids=[security_group_id],
            metadata_options=METADATA_FOR_THE_HOST,
            block_device_mappings=[encrypted_root(fleet.disk_gb, AMAZON_LINUX_2023)],
            user_data=boot,
            update_default_version=True,
            tags=tag_inputs(tags),
            tag_specifications=tags_at_launch(tags),
            opts=pulumi.ResourceOptions(parent=self),
        )


def once_with_fleet(name: str, former: str, parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """The options of a host whose runner may have had a fleet before: aliases keep it the same host.

    Otherwise the new host's parameters and files would conflict with the old host's, which have the same
    names.

    Args:
        name: the resource name of the host, and of the former fleet.
        former: the resource name of either in the first versions of this library.
        parent: the parent of the host, and of the former fleet.
    """
    fleets = [pulumi.create_urn(each, token_of("RunnerFleet"), parent=parent) for each in (name, former)]
    return pulumi.ResourceOptions(
        parent=parent,
        aliases=[
            pulumi.Alias(name=former),
            pulumi.Alias(parent=fleets[0]),
            pulumi.Alias(name=former, parent=fleets[1]),
        ],
    )


def _once_without_fleet(fleet: RunnerFleet, options: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """The options of a fleet's host whose runner may have had no fleet before: aliases keep it the same host.

    Args:
        fleet: the fleet.
        options: the options of the fleet. A host without a fleet had the same former names.
    """
    parent = options.parent if options else None
    former = [each for each in (options and options.aliases) or () if isinstance(each, pulumi.Alias)]
    return pulumi.ResourceOptions(
        parent=fleet,
        aliases=[
            pulumi.Alias(parent=parent),
            *(pulumi.Alias(name=each.name, parent=parent) for each in former if isinstance(each.name, str)),
        ],
    )


def _mixed_instances(
    fleet: Fleet, template: aws.ec2.LaunchTemplate
) -> aws.autoscaling.GroupMixedInstancesPolicyArgsDict:
    return {
        "instances_distribution": {
            "on_demand_allocation_strategy": "prioritized",
            "on_demand_base_capacity": fleet.on_demand_base,
            "on_demand_percentage_above_base_capacity": fleet.on_demand_percent,
            "spot_allocation_strategy": fleet.spot_allocation,
        },
        "launch_template": {
            "launch_template_specification": {
                "launch_template_id": template.id,
                "version": template.latest_version.apply(str),
            },
            "overrides": [{"instance_type": each} for each in fleet.instance_types],
        },
    }
