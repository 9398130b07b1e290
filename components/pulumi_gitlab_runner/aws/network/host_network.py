"""The VPC and subnets of the instances of hosts and fleets."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.manager.arguments import HostNetwork
from pulumi_gitlab_runner.resolution import given, refused_as_whole, resolved
from pulumi_gitlab_runner.spec.inputs import Value, known
from pulumi_gitlab_runner.spec.job_networks import Met, overlap_problems
from pulumi_gitlab_runner.spec.problems import join_path, refuse


def host_network(
    vpc: Value[str] | None,
    subnets: Value[tuple[Value[str], ...]],
    network: HostNetwork | None,
    parent: pulumi.Resource,
) -> HostNetwork:
    """The declared network of instances; without one, the stack's network, else the default VPC.

    Args:
        vpc: the id of the declared VPC; None if none is declared.
        subnets: the ids of the declared subnets.
        network: the stack's network; None if it has none.
        parent: the component of the instances.
    """
    if vpc is not None:
        return HostNetwork(given(vpc), resolved(subnets).apply(_as_list))
    return network or default_network(parent)


def apart_from_jobs(
    network: HostNetwork, job_networks: Value[str] | None, path: str, parent: pulumi.Resource
) -> HostNetwork:
    """The network, whose VPC id resolves after the check that the VPC does not overlap the job networks.

    Args:
        network: the network of the instances.
        job_networks: the CIDR range of their job networks; None if it is not known.
        path: the path of the instances in the declaration.
        parent: the component of the instances.
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
            refuse(overlap_problems(cidr, met, join_path(path, "job_networks")))
        return str(vpc_id)

    checked = pulumi.Output.all(network.vpc_id, ranges, given(job_networks)).apply(apart)
    return replace(network, vpc_id=checked)


def default_network(parent: pulumi.Resource) -> HostNetwork:
    """The account's default VPC, with its default subnet in each zone.

    Its VPC id raises `pulumi.RunError` if the account has none.
    """
    options = pulumi.InvokeOutputOptions(parent=parent)
    # `get_vpc` fails if there is no default VPC, with a message that depends on the provider's version.
    found = aws.ec2.get_vpcs_output(filters=[{"name": "is-default", "values": ["true"]}], opts=options)
    subnets = aws.ec2.get_subnets_output(
        filters=[{"name": "default-for-az", "values": ["true"]}], opts=options
    )
    vpc_id = pulumi.Output.all(found.ids, found.region).apply(lambda known: _only_default(*known))
    return HostNetwork(vpc_id, subnets.ids, _ranges_of(vpc_id, parent))


def _ranges_of(vpc_id: pulumi.Input[str], parent: pulumi.Resource) -> pulumi.Output[list[str]]:
    """The IPv4 CIDR blocks of a VPC; empty, with a warning, if they cannot be looked up."""

    async def ranges(known_id: str) -> list[str]:
        try:
            # With the function that returns a plain value, so that a failure is an exception here.
            vpc = aws.ec2.get_vpc(id=known_id, opts=pulumi.InvokeOptions(parent=parent))
        except Exception as error:  # Pulumi has no specific class for it
            reason = " ".join(str(error).partition(" failed: ")[2].split())[:300]
            pulumi.log.warn(
                f"the CIDR blocks of {known_id} cannot be looked up, so job networks are not checked "
                f"for an overlap: {reason}",
                parent,
            )
            return []
        return _ranges(vpc)

    return pulumi.Output.from_input(vpc_id).apply(ranges)


def _ranges(vpc: aws.ec2.GetVpcResult) -> list[str]:
    """The IPv4 CIDR blocks of a VPC: the primary one, and the associated ones."""
    added = [each.cidr_block for each in vpc.cidr_block_associations or ()]
    return list(dict.fromkeys([vpc.cidr_block, *added]))


def _only_default(vpcs: list[str], region: str) -> str:
    if not vpcs:
        raise pulumi.RunError(
            "There is no VPC for the hosts.\n"
            f"  found:   no 'vpc', no 'network', and no default VPC in {region}\n"
            "  allowed: one of the three\n"
            "  fix:     network: {} in the stack creates a VPC; or set the host's 'vpc' and 'subnets'"
        )
    return vpcs[0]


def _as_list(subnets: Value[tuple[Value[str], ...]]) -> list[str]:
    return [known(each) for each in known(subnets)]
