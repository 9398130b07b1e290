"""Where instances of hosts and of fleets live: their VPC, their subnets."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.manager.arguments import HostNetwork
from pulumi_gitlab_runner.resolution import given, refused_as_whole, resolved
from pulumi_gitlab_runner.spec.inputs import Value, known
from pulumi_gitlab_runner.spec.job_networks import Met, overlap_problems
from pulumi_gitlab_runner.spec.problems import DeclarationError, join_path


def host_network(
    vpc: Value[str] | None,
    subnets: Value[tuple[Value[str], ...]],
    network: HostNetwork | None,
    parent: pulumi.Resource,
) -> HostNetwork:
    """The network that instances declare; where they declare none, the one given, else the default VPC.

    Args:
        vpc: the VPC that they declare, if any.
        subnets: its subnets.
        network: for instances that declare none.
        parent: the component that they belong to.
    """
    if vpc is not None:
        return HostNetwork(given(vpc), resolved(subnets).apply(_as_list))
    return network or default_network(parent)


def apart_from_jobs(
    network: HostNetwork, job_networks: Value[str] | None, path: str, parent: pulumi.Resource
) -> HostNetwork:
    """A network whose VPC is known when it is known to have no addresses of job networks.

    Args:
        network: where instances are to live.
        job_networks: the range of their job networks; None where it is not known.
        path: the place of these instances in the declaration.
        parent: the component that they belong to.
    """
    if job_networks is None:
        return network
    ranges = network.ranges
    if ranges is None:
        ranges = _ranges_of(network.vpc_id, parent)

    def apart(found: Sequence[Any]) -> str:
        vpc_id, of_vpc, cidr = found
        met = [Met(vpc_id, each) for each in of_vpc]
        with refused_as_whole():
            if problems := list(overlap_problems(cidr, met, join_path(path, "job_networks"))):
                raise DeclarationError(problems)
        return str(vpc_id)

    checked = pulumi.Output.all(network.vpc_id, ranges, given(job_networks)).apply(apart)
    return replace(network, vpc_id=checked)


def vpc_range(vpc_id: pulumi.Input[str], parent: pulumi.Resource) -> pulumi.Output[str]:
    """The primary range of IPv4 addresses of a VPC."""
    return aws.ec2.get_vpc_output(id=vpc_id, opts=pulumi.InvokeOutputOptions(parent=parent)).cidr_block


def default_network(parent: pulumi.Resource) -> HostNetwork:
    """The account's default VPC, with a subnet in each zone.

    Raises `pulumi.RunError`, when AWS has answered, where the account has none.
    """
    asked = pulumi.InvokeOutputOptions(parent=parent)
    # The function for one VPC fails where there is none, and its text depends on the provider's version.
    found = aws.ec2.get_vpcs_output(filters=[{"name": "is-default", "values": ["true"]}], opts=asked)
    subnets = aws.ec2.get_subnets_output(filters=[{"name": "default-for-az", "values": ["true"]}], opts=asked)
    vpc_id = pulumi.Output.all(found.ids, found.region).apply(lambda known: _only_default(*known))
    return HostNetwork(vpc_id, subnets.ids, _ranges_of(vpc_id, parent))


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


def _only_default(vpcs: list[str], region: str) -> str:
    if not vpcs:
        raise pulumi.RunError(
            "There is no VPC for the hosts.\n"
            f"  found:   no 'vpc', no 'network', and no default VPC in {region}\n"
            "  allowed: one of the three\n"
            "  fix:     network: {} in the stack makes a VPC; or name one with the host's 'vpc' and 'subnets'"
        )
    return vpcs[0]


def _as_list(subnets: Value[tuple[Value[str], ...]]) -> list[str]:
    return [known(each) for each in known(subnets)]
