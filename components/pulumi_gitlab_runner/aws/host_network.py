"""Where instances of hosts and of fleets live: their VPC, their subnets."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.manager.arguments import HostNetwork
from pulumi_gitlab_runner.resolution import given, refused_as_whole, resolved
from pulumi_gitlab_runner.spec.fleets import Fleet
from pulumi_gitlab_runner.spec.hosts import Host
from pulumi_gitlab_runner.spec.inputs import Value, known
from pulumi_gitlab_runner.spec.job_networks import Met, overlap_problems
from pulumi_gitlab_runner.spec.problems import DeclarationError, join_path


def host_network(
    machine: Host | Fleet, network: HostNetwork | None, path: str, parent: pulumi.Resource
) -> HostNetwork:
    """The network that instances declare; where they declare none, the one given, else the default VPC.

    Its VPC is known when it is known to have no addresses of job networks too.

    Args:
        machine: the declared instances.
        network: for instances that declare none.
        path: the place of the instances in the declaration.
        parent: the component that they belong to.
    """
    if machine.vpc is not None:
        network = HostNetwork(given(machine.vpc), resolved(machine.subnets).apply(_as_list))
    network = network or default_network(parent)
    if machine.job_networks is None:
        return network
    ranges = network.ranges
    if ranges is None:
        ranges = _ranges_of(network.vpc_id, parent)

    def apart(found: Sequence[Any]) -> str:
        vpc_id, of_vpc, job_networks = found
        met = [Met(vpc_id, each) for each in of_vpc]
        with refused_as_whole():
            if problems := list(overlap_problems(job_networks, met, join_path(path, "job_networks"))):
                raise DeclarationError(problems)
        return str(vpc_id)

    checked = pulumi.Output.all(network.vpc_id, ranges, given(machine.job_networks)).apply(apart)
    return replace(network, vpc_id=checked)


def vpc_range(vpc_id: pulumi.Input[str], parent: pulumi.Resource) -> pulumi.Output[str]:
    """The primary range of IPv4 addresses of a VPC."""
    return aws.ec2.get_vpc_output(id=vpc_id, opts=pulumi.InvokeOutputOptions(parent=parent)).cidr_block


def default_network(parent: pulumi.Resource) -> HostNetwork:
    """The account's default VPC, with a subnet in each zone."""
    asked = pulumi.InvokeOutputOptions(parent=parent)
    vpc = aws.ec2.get_vpc_output(default=True, opts=asked)
    subnets = aws.ec2.get_subnets_output(filters=[{"name": "default-for-az", "values": ["true"]}], opts=asked)
    return HostNetwork(vpc.id, subnets.ids, vpc.apply(_ranges))


def _ranges_of(vpc_id: pulumi.Input[str], parent: pulumi.Resource) -> pulumi.Output[list[str]]:
    """The IPv4 ranges of a VPC; none, with a warning, where AWS does not say."""

    async def ranges(known_id: str) -> list[str]:
        try:
            # By the function that gives a plain value, so that a failure is an exception here.
            vpc = aws.ec2.get_vpc(id=known_id, opts=pulumi.InvokeOptions(parent=parent))
        except Exception as error:  # Pulumi has no class of its own for it
            reason = " ".join(str(error).partition(" failed: ")[2].split())[:300]
            pulumi.log.warn(
                f"the address ranges of {known_id} are not known, so that job networks are not checked "
                f"against them: {reason}",
                parent,
            )
            return []
        return _ranges(vpc)

    return pulumi.Output.from_input(vpc_id).apply(ranges)


def _ranges(vpc: aws.ec2.GetVpcResult) -> list[str]:
    """The IPv4 ranges of a VPC: its primary one, and those that were added to it."""
    added = [each.cidr_block for each in vpc.cidr_block_associations or ()]
    return list(dict.fromkeys([vpc.cidr_block, *added]))


def _as_list(subnets: Value[tuple[Value[str], ...]]) -> list[str]:
    return [known(each) for each in known(subnets)]
