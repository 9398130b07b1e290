"""Answers of the sandbox's EC2 that differ from those of moto."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

_EVERY = {"IpProtocol": "-1"}
_TCP = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}


@pytest.fixture(scope="module")
def ec2(client: Callable[[str], Any]) -> Any:
    return client("ec2")


@pytest.fixture(scope="module")
def vpc(ec2: Any) -> str:
    return str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


@pytest.fixture
def group(ec2: Any, vpc: str, request: pytest.FixtureRequest) -> str:
    name = f"of {request.node.name}"
    return str(ec2.create_security_group(GroupName=name, Description="test", VpcId=vpc)["GroupId"])


@pytest.fixture
def endpoint(ec2: Any, vpc: str) -> Callable[..., dict[str, Any]]:
    """A function that creates an endpoint."""

    def make(**given: Any) -> dict[str, Any]:
        service = "com.amazonaws.eu-west-1.s3"
        made: dict[str, Any] = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service, **given)
        return made["VpcEndpoint"]  # type: ignore[no-any-return]

    return make


def added(ec2: Any, group: str, permission: dict[str, Any]) -> str:
    made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])


def rule_of(ec2: Any, rule: str) -> dict[str, Any]:
    found: dict[str, Any] = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])
    return found["SecurityGroupRules"][0]  # type: ignore[no-any-return]


def code(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_a_deleted_rule_is_refused_by_its_id(ec2: Any, group: str, direction: str) -> None:
    made = getattr(ec2, f"authorize_security_group_{direction}")(
        GroupId=group, IpPermissions=[{**_TCP, "IpRanges": [{"CidrIp": "10.1.0.0/16"}]}]
    )
    rule = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    revoke = getattr(ec2, f"revoke_security_group_{direction}")
    revoke(GroupId=group, SecurityGroupRuleIds=[rule])
    with pytest.raises(ClientError) as refused:
        revoke(GroupId=group, SecurityGroupRuleIds=[rule])
    assert code(refused) == "InvalidSecurityGroupRuleId.NotFound"
    with pytest.raises(ClientError) as refused:
        revoke(GroupId="sg-0", SecurityGroupRuleIds=[rule])
    assert code(refused) == "InvalidGroup.NotFound"


def test_a_rule_is_revoked_only_in_its_own_direction(ec2: Any, group: str) -> None:
    rule = added(ec2, group, {**_TCP, "IpRanges": [{"CidrIp": "10.1.0.0/16"}]})
    with pytest.raises(ClientError) as refused:
        ec2.revoke_security_group_egress(GroupId=group, SecurityGroupRuleIds=[rule])
    assert code(refused) == "InvalidSecurityGroupRuleId.NotFound"


def test_a_missing_rule_is_refused_by_its_content(ec2: Any, group: str) -> None:
    with pytest.raises(ClientError) as refused:
        ec2.revoke_security_group_ingress(
            GroupId=group, IpPermissions=[{**_TCP, "IpRanges": [{"CidrIp": "10.1.0.0/16"}]}]
        )
    assert code(refused) == "InvalidPermission.NotFound"


def test_a_rule_for_every_protocol_changes_without_ports(ec2: Any, group: str) -> None:
    rule = added(ec2, group, {**_EVERY, "UserIdGroupPairs": [{"GroupId": group}]})
    changed = {**_EVERY, "ReferencedGroupId": group, "Description": "all"}
    ec2.modify_security_group_rules(
        GroupId=group, SecurityGroupRules=[{"SecurityGroupRuleId": rule, "SecurityGroupRule": changed}]
    )
    shown = rule_of(ec2, rule)
    assert (shown["ReferencedGroupInfo"]["GroupId"], shown["Description"]) == (group, "all")
    (permission,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    assert permission["UserIdGroupPairs"][0]["Description"] == "all"
    assert not permission["IpRanges"]
    assert {"FromPort", "ToPort"}.isdisjoint(permission)


def test_a_change_of_a_rule_for_one_protocol_needs_ports(ec2: Any, group: str) -> None:
    rule = added(ec2, group, {**_TCP, "IpRanges": [{"CidrIp": "10.1.0.0/16"}]})
    changed = {"IpProtocol": "tcp", "CidrIpv4": "10.1.0.0/16"}
    with pytest.raises(ClientError) as refused:
        ec2.modify_security_group_rules(
            GroupId=group, SecurityGroupRules=[{"SecurityGroupRuleId": rule, "SecurityGroupRule": changed}]
        )
    assert code(refused) == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"IpRanges": [{"CidrIp": "10.1.0.0/16"}]}, {"CidrIpv4": "10.2.0.0/16"}),
        ({"Ipv6Ranges": [{"CidrIpv6": "fd00::/64"}]}, {"CidrIpv6": "fd01::/64"}),
        ({"PrefixListIds": [{"PrefixListId": "pl-1"}]}, {"PrefixListId": "pl-2"}),
    ],
)
def test_the_source_of_a_rule_changes(
    ec2: Any, group: str, before: dict[str, list[dict[str, str]]], after: dict[str, str]
) -> None:
    ((kind, (source,)),) = before.items()
    rule = added(ec2, group, {**_TCP, kind: [{**source, "Description": "before"}]})
    changed = {"SecurityGroupRuleId": rule, "SecurityGroupRule": {**_TCP, "ToPort": 23, **after}}
    ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=[changed])
    shown = rule_of(ec2, rule)
    assert shown.items() >= after.items()
    assert (shown["FromPort"], shown["ToPort"]) == (22, 23)
    assert not shown.get("Description")


def test_a_deleted_launch_template_is_refused_by_its_id(ec2: Any) -> None:
    data = {"InstanceType": "t3.micro"}
    made = ec2.create_launch_template(LaunchTemplateName="gone", LaunchTemplateData=data)
    template = made["LaunchTemplate"]["LaunchTemplateId"]
    ec2.delete_launch_template(LaunchTemplateId=template)
    with pytest.raises(ClientError) as refused:
        ec2.delete_launch_template(LaunchTemplateId=template)
    assert code(refused) == "InvalidLaunchTemplateId.NotFound"


def test_a_nat_gateway_serves_a_zone_with_its_first_address(ec2: Any, vpc: str) -> None:
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.9.0/24")["Subnet"]["SubnetId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]
    (shown,) = ec2.describe_nat_gateways(NatGatewayIds=[made["NatGatewayId"]])["NatGateways"]
    assert shown["AvailabilityMode"] == "zonal"
    (first,) = shown["NatGatewayAddresses"]
    assert (first["AllocationId"], first["IsPrimary"], first["Status"]) == (address, True, "succeeded")
    ec2.delete_nat_gateway(NatGatewayId=made["NatGatewayId"])
    with pytest.raises(ClientError) as refused:
        ec2.delete_nat_gateway(NatGatewayId="nat-0")
    assert code(refused) == "NatGatewayNotFound"


def test_only_an_endpoint_with_interfaces_has_private_dns(
    ec2: Any, endpoint: Callable[..., dict[str, Any]]
) -> None:
    assert endpoint()["PrivateDnsEnabled"] is False
    assert endpoint(VpcEndpointType="Gateway")["PrivateDnsEnabled"] is False
    assert endpoint(VpcEndpointType="Interface")["PrivateDnsEnabled"] is True
    made = endpoint(VpcEndpointType="Interface", PrivateDnsEnabled=False)
    assert made["PrivateDnsEnabled"] is False
    ids = [made["VpcEndpointId"]]
    ec2.modify_vpc_endpoint(VpcEndpointId=ids[0], PrivateDnsEnabled=True)
    assert ec2.describe_vpc_endpoints(VpcEndpointIds=ids)["VpcEndpoints"][0]["PrivateDnsEnabled"] is True
    ec2.modify_vpc_endpoint(VpcEndpointId=ids[0])
    assert ec2.describe_vpc_endpoints(VpcEndpointIds=ids)["VpcEndpoints"][0]["PrivateDnsEnabled"] is True


def test_the_policy_of_an_endpoint_is_reset_to_the_default(
    ec2: Any, endpoint: Callable[..., dict[str, Any]]
) -> None:
    default = endpoint(VpcEndpointType="Gateway")["PolicyDocument"]
    made = endpoint(VpcEndpointType="Gateway", PolicyDocument='{"Statement": []}')["VpcEndpointId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=made, ResetPolicy=True)
    (shown,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"]
    assert shown["PolicyDocument"] == default


def test_a_deleted_endpoint_cannot_be_deleted_again(
    ec2: Any, vpc: str, endpoint: Callable[..., dict[str, Any]]
) -> None:
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    first, second = [
        endpoint(VpcEndpointType="Gateway", RouteTableIds=tables)["VpcEndpointId"] for tables in ([table], [])
    ]
    assert not ec2.delete_vpc_endpoints(VpcEndpointIds=[first])["Unsuccessful"]
    refused = ec2.delete_vpc_endpoints(VpcEndpointIds=[first, second, "vpce-0"])["Unsuccessful"]
    assert [(each["ResourceId"], each["Error"]["Code"]) for each in refused] == [
        (first, "InvalidVpcEndpoint.NotFound"),
        ("vpce-0", "InvalidVpcEndpoint.NotFound"),
    ]
    (shown,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[second])["VpcEndpoints"]
    assert shown["State"] == "deleted"
