"""A runner manager and the EC2 instances that it starts for jobs."""

import base64

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.host_network import host_network
from pulumi_gitlab_runner.aws.instances import (
    METADATA_FOR_THE_HOST,
    egress_only,
    encrypted_root,
    newest_image,
)
from pulumi_gitlab_runner.aws.manager_args import InstanceManagerArgs, declared_manager
from pulumi_gitlab_runner.aws.runner_host import RunnerHost
from pulumi_gitlab_runner.declared import told_once
from pulumi_gitlab_runner.host.files import HostParameters
from pulumi_gitlab_runner.host.user_data import worker_user_data
from pulumi_gitlab_runner.spec.fleets import Fleet
from pulumi_gitlab_runner.spec.operating_systems import AMAZON_LINUX_2023
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, join_path
from pulumi_gitlab_runner.spec.shape import check_keys

TYPE = "gitlab-runner:index:RunnerFleet"


class RunnerFleetArgs(InstanceManagerArgs):
    """A runner that declares a `fleet`, and what it uses."""


class RunnerFleet(pulumi.ComponentResource):
    """A runner manager on a host of its own, and an Auto Scaling group of workers for the jobs.

    The manager alone decides how many workers there are, so nothing else does: there is no scaling policy,
    workers are protected from scale-in, and zones are not balanced. The group belongs to this one runner and
    manager. Credentials stay on the manager's host: a worker has no role, and takes connections from the
    manager alone, over SSH with a key that EC2 Instance Connect holds for a minute.

    A changed worker (image, instance types, disk) is for the workers that start from then on: no running job
    is ended.

    Creates:

    - `aws:ec2/securityGroup:SecurityGroup`, `aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule` and
      `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule`: port 22, from the manager alone
    - `aws:ec2/launchTemplate:LaunchTemplate`: no role, IMDSv2 required, encrypted gp3 disk
    - `aws:autoscaling/group:Group`: none to `max_instances` workers, spot and on-demand ones
    - `gitlab-runner:index:RunnerHost`: the manager's host

    Raises `pulumi.RunError` for a runner or registry that is wrongly declared, or a runner without a fleet.
    """

    group_name: pulumi.Output[str]
    """The name of the workers' Auto Scaling group."""
    manager_group_name: pulumi.Output[str]
    """The name of the Auto Scaling group of the manager's host."""
    role_arn: pulumi.Output[str]
    """The manager's role."""
    required_policies: pulumi.Output[dict[str, str]]
    """For each registry of another account, by its name: the policy that its owner must put on each of the
    repositories, so that the manager may pull."""

    def __init__(self, name: str, args: RunnerFleetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        with told_once():
            check_keys(args, RunnerFleetArgs, name)
            _, manager = declared_manager(args, name)
            if manager.fleet is None:
                place = join_path(name, "runners", manager.name)
                raise DeclarationError(
                    [Problem(place, "a 'host'", "a 'fleet'", "RunnerHost is for runners on a host")]
                )
            fleet = manager.fleet
        super().__init__(TYPE, name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        workers = f"{name}-workers"
        network = host_network(fleet.vpc, fleet.subnets, args.get("network"), self)
        security_group = egress_only(
            workers, f"Workers of {name}: SSH from their manager", network["vpc_id"], fleet.egress, self
        )
        template = self._template(workers, fleet, security_group.id)
        names = HostParameters(f"/{pulumi.get_project()}/{pulumi.get_stack()}/{name}")
        group = aws.autoscaling.Group(
            workers,
            name=names.fleet_group,
            min_size=0,
            max_size=fleet.max_instances,
            # No desired capacity: it starts with none, and after that it is the manager's.
            wait_for_capacity_timeout="0",
            vpc_zone_identifiers=network["subnet_ids"],
            mixed_instances_policy=_mixed_instances(fleet, template),
            protect_from_scale_in=True,
            suspended_processes=["AZRebalance"],
            health_check_type="EC2",
            # Else it could not be removed while there are workers, since they are protected.
            force_delete=True,
            tags=[{"key": "Name", "value": f"gitlab-runner-{workers}", "propagate_at_launch": True}],
            opts=child,
        )
        once = _once_without_fleet(self, opts.parent if opts else None)
        host = RunnerHost(name, {**args, "fleet_group": group.name}, opts=once)
        aws.vpc.SecurityGroupIngressRule(
            workers,
            security_group_id=security_group.id,
            description="SSH from the manager",
            referenced_security_group_id=host.security_group_id,
            ip_protocol="tcp",
            from_port=22,
            to_port=22,
            opts=child,
        )
        self.group_name = group.name
        self.manager_group_name = host.group_name
        self.role_arn = host.role_arn
        self.required_policies = host.required_policies
        self.register_outputs(
            {
                "groupName": self.group_name,
                "managerGroupName": self.manager_group_name,
                "roleArn": self.role_arn,
                "requiredPolicies": self.required_policies,
            }
        )

    def _template(
        self, name: str, fleet: Fleet, security_group_id: pulumi.Output[str]
    ) -> aws.ec2.LaunchTemplate:
        boot = base64.b64encode(worker_user_data().encode()).decode()
        return aws.ec2.LaunchTemplate(
            name,
            description=f"Runner {name}",
            image_id=fleet.ami or newest_image(AMAZON_LINUX_2023, fleet.architecture),
            vpc_security_group_ids=[security_group_id],
            metadata_options=METADATA_FOR_THE_HOST,
            block_device_mappings=[encrypted_root(fleet.disk_gb, AMAZON_LINUX_2023)],
            user_data=None if fleet.ami else boot,
            update_default_version=True,
            opts=pulumi.ResourceOptions(parent=self),
        )


def once_with_fleet(name: str, parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """The options of a host whose runner may have had a fleet before: it stays the same host.

    Else the old host's parameters and files, which have the same names, would stand in the new one's way.

    Args:
        name: of the host, and once of the fleet.
        parent: the component that it belongs to, and that the fleet belonged to.
    """
    fleet = pulumi.create_urn(name, TYPE, parent=parent)
    return pulumi.ResourceOptions(parent=parent, aliases=[pulumi.Alias(parent=fleet)])


def _once_without_fleet(fleet: RunnerFleet, parent: pulumi.Resource | None) -> pulumi.ResourceOptions:
    """The options of a fleet's host, whose runner may have had none before: it stays the same host."""
    return pulumi.ResourceOptions(parent=fleet, aliases=[pulumi.Alias(parent=parent)])


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
