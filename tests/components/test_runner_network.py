"""`RunnerNetwork`, and the hosts in it."""

from typing import Any

import pulumi
import pytest
from pulumi_gitlab_runner import RunnerNetwork, RunnerStack

from tests.components.recording import REGION, Recording, run

NETWORK = "gitlab-runner:index:RunnerNetwork::ci"
TABLE, SUBNET = "aws:ec2/routeTable:RouteTable", "aws:ec2/subnet:Subnet"
ROUTE, ENDPOINT = "aws:ec2/route:Route", "aws:ec2/vpcEndpoint:VpcEndpoint"
NAT, ASSOCIATION = (
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
)
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def record_network(declared: dict[str, Any], *, preview: bool = False) -> tuple[Recording, Any]:
    """Record a `RunnerNetwork`, and return its outputs too."""

    def program() -> Any:
        network = RunnerNetwork("ci", declared)  # type: ignore[arg-type]
        return {
            "vpc": network.vpc_id,
            "subnets": network.subnet_ids,
            "addresses": network.nat_addresses,
        }

    return run(program, preview=preview)


def inputs_of(recording: Recording, kind: str) -> dict[str, Any]:
    """The inputs of all resources of a type, by name."""
    return {name: each.inputs for (found, name), each in recording.registered.items() if found == kind}


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_a_network_registers_exactly_these_resources(preview: bool) -> None:
    recording, _ = record_network({}, preview=preview)
    registered = {identity: each.parent for identity, each in recording.registered.items()}
    parent = registered.pop(("gitlab-runner:index:RunnerNetwork", "ci"))
    assert parent == "pulumi:pulumi:Stack::gitlab-runner-sandbox"
    assert registered == {
        (kind, name): NETWORK
        for kind, names in {
            "aws:ec2/vpc:Vpc": ["ci"],
            "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ["ci"],
            "aws:ec2/internetGateway:InternetGateway": ["ci"],
            TABLE: ["ci-public", "ci-private-1", "ci-private-2"],
            ROUTE: ["ci-public", "ci-private-1", "ci-private-2"],
            SUBNET: ["ci-public-1", "ci-private-1", "ci-private-2"],
            ASSOCIATION: ["ci-public-1", "ci-private-1", "ci-private-2"],
            "aws:ec2/eip:Eip": ["ci-1"],
            NAT: ["ci-1"],
            ENDPOINT: ["ci-s3"],
        }.items()
        for name in names
    }


def test_each_subnet_is_in_its_zone_with_its_own_range() -> None:
    subnets = inputs_of(record_network({"zones": 3})[0], SUBNET)
    assert {name: (each["availabilityZone"], each["cidrBlock"]) for name, each in subnets.items()} == {
        "ci-public-1": (f"{REGION}a", "10.64.12.0/28"),
        "ci-private-1": (f"{REGION}a", "10.64.0.0/22"),
        "ci-private-2": (f"{REGION}b", "10.64.4.0/22"),
        "ci-private-3": (f"{REGION}c", "10.64.8.0/22"),
    }
    assert not any("mapPublicIpOnLaunch" in each for each in subnets.values())


@pytest.mark.parametrize(
    ("nat_per_zone", "gateways"), [(False, ["ci-1-id", "ci-1-id"]), (True, ["ci-1-id", "ci-2-id"])]
)
def test_private_subnets_reach_the_internet_through_a_nat_gateway(
    nat_per_zone: bool, gateways: list[str]
) -> None:
    recording, outputs = record_network({"nat_per_zone": nat_per_zone})
    routes = inputs_of(recording, ROUTE)
    private = [routes[f"ci-private-{number}"] for number in (1, 2)]
    assert [each["natGatewayId"] for each in private] == gateways
    assert [each["routeTableId"] for each in private] == ["ci-private-1-id", "ci-private-2-id"]
    assert "natGatewayId" not in routes["ci-public"]
    assert routes["ci-public"]["gatewayId"] == "ci-id"
    assert {each["destinationCidrBlock"] for each in routes.values()} == {"0.0.0.0/0"}
    tables = inputs_of(recording, ASSOCIATION)
    assert tables["ci-private-2"] == {"subnetId": "ci-private-2-id", "routeTableId": "ci-private-2-id"}
    assert tables["ci-public-1"] == {"subnetId": "ci-public-1-id", "routeTableId": "ci-public-id"}
    assert inputs_of(recording, NAT)["ci-1"]["subnetId"] == "ci-public-1-id"
    assert outputs["addresses"] == [
        f"address-of-{each.removesuffix('-id')}" for each in dict.fromkeys(gateways)
    ]


def test_the_outputs_are_the_vpc_and_the_private_subnets() -> None:
    outputs = record_network({})[1]
    assert outputs["vpc"] == "ci-id"
    assert outputs["subnets"] == ["ci-private-1-id", "ci-private-2-id"]


def dependencies(recording: Recording, kind: str, name: str, key: str) -> set[str]:
    """The resources that an input depends on, as `TYPE NAME` with the last part of the type."""
    urns = recording.registered[kind, name].request.propertyDependencies[key].urns
    return {f"{urn.split('::')[-2].rpartition(':')[2]} {urn.split('::')[-1]}" for urn in urns}


def test_a_subnet_has_its_route_table_after_the_table_has_its_route() -> None:
    recording, _ = record_network({})
    for subnet, table in (("ci-public-1", "ci-public"), ("ci-private-1", "ci-private-1")):
        assert f"Route {table}" in dependencies(recording, ASSOCIATION, subnet, "routeTableId")


def test_resources_in_a_subnet_are_created_after_it_has_its_route_table() -> None:
    recording, _ = record_network({"endpoints": ["ssm"]})
    assert "RouteTableAssociation ci-public-1" in dependencies(recording, NAT, "ci-1", "subnetId")
    assert {"RouteTableAssociation ci-private-1", "RouteTableAssociation ci-private-2"} <= dependencies(
        recording, ENDPOINT, "ci-ssm", "subnetIds"
    )


def test_s3_is_reached_from_every_private_subnet() -> None:
    endpoint = inputs_of(record_network({"zones": 3})[0], ENDPOINT)["ci-s3"]
    assert endpoint["serviceName"] == f"com.amazonaws.{REGION}.s3"
    assert endpoint["vpcEndpointType"] == "Gateway"
    assert endpoint["routeTableIds"] == [f"ci-private-{number}-id" for number in (1, 2, 3)]


def test_endpoints_accept_https_only_from_the_vpc() -> None:
    recording, _ = record_network({"cidr": "10.9.0.0/16", "endpoints": ["ecr.api", "ecr.dkr"]})
    endpoints = inputs_of(recording, ENDPOINT)
    assert endpoints.keys() == {"ci-s3", "ci-ecr.api", "ci-ecr.dkr"}
    for service in ("ecr.api", "ecr.dkr"):
        endpoint = endpoints[f"ci-{service}"]
        assert endpoint["serviceName"] == f"com.amazonaws.{REGION}.{service}"
        assert endpoint["vpcEndpointType"] == "Interface"
        assert endpoint["privateDnsEnabled"] is True
        assert endpoint["subnetIds"] == ["ci-private-1-id", "ci-private-2-id"]
        assert endpoint["securityGroupIds"] == ["ci-endpoints-id"]
    assert inputs_of(recording, INGRESS) == {
        "ci-endpoints": {
            "securityGroupId": "ci-endpoints-id",
            "description": "HTTPS from the VPC",
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": "10.9.0.0/16",
        }
    }


def test_more_zones_than_the_region_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.components.recording.ZONES", [f"{REGION}a", f"{REGION}b"])
    with pytest.raises(pulumi.RunError, match=r"ci\.zones\n  found:   3\n  allowed: at most 2"):
        record_network({"zones": 3})


def test_an_invalid_network_is_refused_before_anything_is_registered() -> None:
    seen: list[Recording] = []
    with pytest.raises(pulumi.RunError, match=r"ci\.zones\n  found:   4"):
        run(lambda: RunnerNetwork("ci", {"zones": 4}), seen=seen)
    assert seen[0].requests == []


FLEET = {"instance_types": ["c7i.large"], "max_instances": 2}
GROUP, SECURITY_GROUP = "aws:autoscaling/group:Group", "aws:ec2/securityGroup:SecurityGroup"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"


def test_the_outputs_of_a_stack_have_the_addresses_of_its_network() -> None:
    def program() -> Any:
        return [RunnerStack("ci", {"network": {}}).nat_addresses, RunnerStack("bare", {}).nat_addresses]

    assert run(program)[1] == [["address-of-ci-1"], []]


def record_stack(runners: dict[str, Any], **declared: Any) -> Recording:
    """Record a `RunnerStack` with these runners."""
    runners = {name: {"group": 42, **runner} for name, runner in runners.items()}
    return run(lambda: RunnerStack("ci", {"runners": runners, **declared}))[0]  # type: ignore[typeddict-item]


def test_hosts_and_fleets_use_the_network_of_their_stack() -> None:
    own = {"vpc": "vpc-0123456789abcdef0", "subnets": ["subnet-0123456789abcdef0"]}
    recording = record_stack(
        {"build": {"host": {}}, "own": {"host": own}, "burst": {"fleet": FLEET}}, network={}
    )
    private = ["ci-private-1-id", "ci-private-2-id"]
    assert {name: each["vpcZoneIdentifiers"] for name, each in inputs_of(recording, GROUP).items()} == {
        "ci-build": private,
        "ci-own": own["subnets"],
        "ci-burst": private,
        "ci-burst-workers": private,
    }
    assert {name: each["vpcId"] for name, each in inputs_of(recording, SECURITY_GROUP).items()} == {
        "ci-build": "ci-id",
        "ci-own": own["vpc"],
        "ci-burst": "ci-id",
        "ci-burst-workers": "ci-id",
    }


def test_without_a_network_hosts_use_the_default_vpc() -> None:
    recording = record_stack({"build": {"host": {}}})
    assert inputs_of(recording, "aws:ec2/vpc:Vpc") == {}
    assert inputs_of(recording, SECURITY_GROUP)["ci-build"]["vpcId"] == "vpc-of-the-account"
    assert inputs_of(recording, GROUP)["ci-build"]["vpcZoneIdentifiers"] == ["subnet-of-the-account"]


def test_declared_egress_replaces_the_default_egress() -> None:
    host = [
        {"cidr": "10.20.0.0/16", "from_port": 443},
        {"prefix_list": "pl-6da54004", "from_port": 443},
    ]
    workers = [{"cidr": "0.0.0.0/0", "from_port": 8000, "to_port": 8100, "protocol": "udp"}]
    recording = record_stack(
        {"build": {"host": {"egress": host}}, "burst": {"fleet": FLEET | {"egress": workers}}}
    )
    rules = inputs_of(recording, EGRESS)
    https = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
    assert rules.pop("ci-burst")["ipProtocol"] == "-1"
    assert rules == {
        "ci-build-10.20.0.0/16:443/tcp": {
            "securityGroupId": "ci-build-id",
            "cidrIpv4": "10.20.0.0/16",
            "description": "Declared egress: tcp 443",
            **https,
        },
        "ci-build-pl-6da54004:443/tcp": {
            "securityGroupId": "ci-build-id",
            "prefixListId": "pl-6da54004",
            "description": "Declared egress: tcp 443",
            **https,
        },
        "ci-burst-workers-0.0.0.0/0:8000-8100/udp": {
            "securityGroupId": "ci-burst-workers-id",
            "cidrIpv4": "0.0.0.0/0",
            "ipProtocol": "udp",
            "fromPort": 8000,
            "toPort": 8100,
            "description": "Declared egress: udp 8000-8100",
        },
    }
