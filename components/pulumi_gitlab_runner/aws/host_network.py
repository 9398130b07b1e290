"""Where instances of hosts and of fleets live: their VPC, their subnets."""

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.manager.arguments import HostNetwork
from pulumi_gitlab_runner.resolution import given, resolved
from pulumi_gitlab_runner.spec.inputs import Value, known


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


def vpc_range(vpc_id: pulumi.Input[str], parent: pulumi.Resource) -> pulumi.Output[str]:
    """The primary range of IPv4 addresses of a VPC."""
    return aws.ec2.get_vpc_output(id=vpc_id, opts=pulumi.InvokeOutputOptions(parent=parent)).cidr_block


def default_network(parent: pulumi.Resource) -> HostNetwork:
    """The account's default VPC, with a subnet in each zone."""
    asked = pulumi.InvokeOutputOptions(parent=parent)
    return HostNetwork(
        aws.ec2.get_vpc_output(default=True, opts=asked).id,
        aws.ec2.get_subnets_output(filters=[{"name": "default-for-az", "values": ["true"]}], opts=asked).ids,
    )


def _as_list(subnets: Value[tuple[Value[str], ...]]) -> list[str]:
    return [known(each) for each in known(subnets)]
