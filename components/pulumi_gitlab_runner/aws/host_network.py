"""Where instances of hosts and of fleets live: their VPC, their subnets."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws
from typing_extensions import TypedDict


class HostNetworkArgs(TypedDict):
    """A VPC, and the subnets in it where instances are started."""

    vpc_id: pulumi.Input[str]
    """The VPC's id."""
    subnet_ids: pulumi.Input[list[str]]
    """The subnets' ids; they need a way out to GitLab and the registries."""


def host_network(
    vpc: str | None, subnets: Sequence[str], network: HostNetworkArgs | None, parent: pulumi.Resource
) -> HostNetworkArgs:
    """The network that instances declare; where they declare none, the one given, else the default VPC.

    Args:
        vpc: the VPC that they declare, if any.
        subnets: its subnets.
        network: for instances that declare none.
        parent: the component that they belong to.
    """
    if vpc:
        return {"vpc_id": vpc, "subnet_ids": list(subnets)}
    return network or default_network(parent)


def vpc_range(vpc_id: pulumi.Input[str], parent: pulumi.Resource) -> pulumi.Output[str]:
    """The primary range of IPv4 addresses of a VPC."""
    return aws.ec2.get_vpc_output(id=vpc_id, opts=pulumi.InvokeOutputOptions(parent=parent)).cidr_block


def default_network(parent: pulumi.Resource) -> HostNetworkArgs:
    """The account's default VPC, with a subnet in each zone."""
    asked = pulumi.InvokeOutputOptions(parent=parent)
    return {
        "vpc_id": aws.ec2.get_vpc_output(default=True, opts=asked).id,
        "subnet_ids": aws.ec2.get_subnets_output(
            filters=[{"name": "default-for-az", "values": ["true"]}], opts=asked
        ).ids,
    }
