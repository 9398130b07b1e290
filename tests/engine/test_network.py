"""A stack with a network of its own: its host runs there, and a destroy deletes all of it."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from sandbox.environment import Sandbox
from tests.engine.project import REGION, Project

pytestmark = pytest.mark.engine

DECLARED: dict[str, Any] = {
    "network": {"cidr": "10.9.0.0/20", "endpoints": ["ecr.api", "ecr.dkr", "ssm"], "flow_logs": {}},
    "runners": {
        "inside": {
            "group": 42,
            "host": {
                "egress": [
                    {"cidr": "0.0.0.0/0", "from_port": 443},
                    {"cidr": "10.9.0.0/20", "from_port": 5000, "to_port": 5001},
                ]
            },
        }
    },
}


@pytest.fixture(scope="module")
def up(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A separate stack with this network; destroyed at the end, with nothing left."""
    directory = tmp_path_factory.mktemp("network")
    settings = directory / "Pulumi.network.yaml"
    settings.write_text(yaml.safe_dump({"config": {"aws:region": REGION, "gitlab-runner:stack": DECLARED}}))
    project = Project(directory / "it", sandbox, settings=settings, stack="network")
    before = project.snapshot()
    project.up()
    yield project
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert project.snapshot() == before


def subnets(up: Project) -> dict[str, Any]:
    """The subnets of the stack's VPC, by name."""
    vpcs = up.aws("ec2").describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["ci"]}])["Vpcs"]
    assert [vpc["CidrBlock"] for vpc in vpcs] == ["10.9.0.0/20"]
    found = up.aws("ec2").describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpcs[0]["VpcId"]]}])
    return {tag["Value"]: each for each in found["Subnets"] for tag in each["Tags"] if tag["Key"] == "Name"}


def test_the_host_is_in_the_private_subnets(up: Project) -> None:
    (group,) = up.aws("autoscaling").describe_auto_scaling_groups(
        Filters=[{"Name": "tag:Name", "Values": ["gitlab-runner-inside"]}]
    )["AutoScalingGroups"]
    private = [subnets(up)[f"ci-private-{zone}"] for zone in (1, 2)]
    assert set(group["VPCZoneIdentifier"].split(",")) == {each["SubnetId"] for each in private}
    assert {each["AvailabilityZone"] for each in private} == {"eu-west-1a", "eu-west-1b"}


def test_the_outputs_have_the_address_of_the_nat_gateway(up: Project) -> None:
    vpc = [{"Name": "vpc-id", "Values": [subnets(up)["ci-private-1"]["VpcId"]]}]
    (gateway,) = up.aws("ec2").describe_nat_gateways(Filters=vpc)["NatGateways"]
    assert up.outputs()["nat_addresses"] == [gateway["NatGatewayAddresses"][0]["PublicIp"]]


def test_the_host_may_connect_only_to_declared_destinations(up: Project) -> None:
    ec2 = up.aws("ec2")
    vpc = subnets(up)["ci-private-1"]["VpcId"]
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    (group,) = [each for each in groups if each["Description"].startswith("Runner host inside")]
    assert {
        (rule["FromPort"], rule["ToPort"], one["CidrIp"])
        for rule in group["IpPermissionsEgress"]
        for one in rule["IpRanges"]
    } == {(443, 443, "0.0.0.0/0"), (5000, 5001, "10.9.0.0/20")}


def test_the_default_security_group_allows_no_connection(up: Project) -> None:
    vpc = {"Name": "vpc-id", "Values": [subnets(up)["ci-private-1"]["VpcId"]]}
    found = up.aws("ec2").describe_security_groups(
        Filters=[vpc, {"Name": "group-name", "Values": ["default"]}]
    )
    (group,) = found["SecurityGroups"]
    assert (group["IpPermissions"], group["IpPermissionsEgress"]) == ([], [])


def test_connections_are_recorded_in_flow_logs(up: Project) -> None:
    only = {"Name": "resource-id", "Values": [subnets(up)["ci-private-1"]["VpcId"]]}
    (record,) = up.aws("ec2").describe_flow_logs(Filters=[only])["FlowLogs"]
    assert record["TrafficType"] == "ALL"
    assert record["LogDestination"].endswith(":log-group:/gitlab-runner/network/flow-logs/ci")


def test_a_second_update_changes_nothing(up: Project) -> None:
    assert up.up("--refresh") == set()


def test_another_zone_keeps_the_existing_subnets(up: Project) -> None:
    before = subnets(up)
    with up.declaring("network", DECLARED["network"] | {"zones": 3, "nat_per_zone": True}):
        changes = up.up()
        after = subnets(up)
    assert {operation for operation, *_ in changes} <= {"create", "update"}
    assert len(after) == 6
    assert {name: each["SubnetId"] for name, each in after.items() if name in before} == {
        name: each["SubnetId"] for name, each in before.items()
    }
    up.up()
    assert subnets(up).keys() == before.keys()
