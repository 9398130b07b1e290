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
    """The account's default VPC, with a subnet in each zone.

    Raises `pulumi.RunError`, when AWS has answered, where the account has none.
    """
    asked = pulumi.InvokeOutputOptions(parent=parent)
    # The function for one VPC fails where there is none, and its text depends on the provider's version.
    found = aws.ec2.get_vpcs_output(filters=[{"name": "is-default", "values": ["true"]}], opts=asked)
    return HostNetwork(
        pulumi.Output.all(found.ids, found.region).apply(lambda known: _only_default(*known)),
        aws.ec2.get_subnets_output(filters=[{"name": "default-for-az", "values": ["true"]}], opts=asked).ids,
    )


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
