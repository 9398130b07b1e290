"""The network of a stack, and where its hosts may connect to: what is refused, and how it is read."""

from ipaddress import IPv4Network
from itertools import combinations
from typing import Any

import pytest
from pulumi_gitlab_runner.spec import DeclarationError, Problem, parse_stack
from pulumi_gitlab_runner.spec.egress import EgressRule
from pulumi_gitlab_runner.spec.network import ENDPOINTS, Network, first_zones

from tests.spec.declaration import changed, network, problems_of

AT = "stack.network"
EGRESS = "stack.runners.build.host.egress"
PRIVATE = "a range within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16"
SERVICES = ", ".join(ENDPOINTS)

BAD_NETWORKS: dict[str, tuple[dict[str, Any], Problem]] = {
    "not a range": (
        {"cidr": "somewhere"},
        Problem(f"{AT}.cidr", "'somewhere'", "a range of IPv4 addresses, such as 10.20.0.0/16"),
    ),
    "a range of IPv6": (
        {"cidr": "fd00::/56"},
        Problem(f"{AT}.cidr", "'fd00::/56'", "a range of IPv4 addresses, such as 10.20.0.0/16"),
    ),
    "an address within a range": (
        {"cidr": "10.64.1.7/20"},
        Problem(
            f"{AT}.cidr",
            "'10.64.1.7/20'",
            "a range in CIDR notation, with its first address",
            "write 10.64.0.0/20",
        ),
    ),
    "a public range": ({"cidr": "8.8.0.0/16"}, Problem(f"{AT}.cidr", "'8.8.0.0/16'", PRIVATE)),
    "a range that is only in part private": (
        {"cidr": "172.32.0.0/16"},
        Problem(f"{AT}.cidr", "'172.32.0.0/16'", PRIVATE),
    ),
    "a range that job networks have": (
        {"cidr": "192.168.4.0/22"},
        Problem(
            f"{AT}.cidr",
            "'192.168.4.0/22', which overlaps the job networks on the hosts",
            "a range that does not overlap 192.168.0.0/16",
            "hosts cannot connect to it: set 'job_networks' of the host or fleet to another range",
        ),
    ),
    "too large a range": ({"cidr": "10.0.0.0/15"}, Problem(f"{AT}.cidr", "/15", "/16 to /24")),
    "too small a range": ({"cidr": "10.0.0.0/25"}, Problem(f"{AT}.cidr", "/25", "/16 to /24")),
    "no zones": ({"zones": 0}, Problem(f"{AT}.zones", "0", "1 to 3")),
    "too many zones": ({"zones": 4}, Problem(f"{AT}.zones", "4", "1 to 3")),
    "an endpoint of no service": (
        {"endpoints": ["ecr.api", "ecr.dkt"]},
        Problem(f"{AT}.endpoints[1]", "'ecr.dkt'", SERVICES, "did you mean 'ecr.dkr'?"),
    ),
    "flow logs of other traffic": (
        {"flow_logs": {"traffic": "rejected"}},
        Problem(f"{AT}.flow_logs.traffic", "'rejected'", "all, accept, reject", "did you mean 'reject'?"),
    ),
    "flow logs under no key": (
        {"flow_logs": {"kms_key": "alias/logs"}},
        Problem(
            f"{AT}.flow_logs.kms_key",
            "'alias/logs'",
            "the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID",
        ),
    ),
    "an endpoint of S3": (
        {"endpoints": ["s3"]},
        Problem(f"{AT}.endpoints[0]", "'s3'", SERVICES, "S3 always has a gateway endpoint"),
    ),
    "an endpoint twice": (
        {"endpoints": ["ssm", "ssm"]},
        Problem(f"{AT}.endpoints[1]", "'ssm', a duplicate", "each service once"),
    ),
    "an unknown key": (
        {"nat": True},
        Problem(
            f"{AT}.nat",
            "the key 'nat', which is not known here",
            "cidr, zones, nat_per_zone, endpoints, flow_logs",
            "did you mean 'nat_per_zone'?",
        ),
    ),
}

HTTPS = {"cidr": "10.20.0.0/16", "from_port": 443}
BAD_EGRESS: dict[str, tuple[list[dict[str, Any]], Problem]] = {
    "no rules": (
        [],
        Problem(
            EGRESS,
            "no rules",
            "at least one: a host needs GitLab, the registries and AWS",
            "without this key, instances may connect to any address",
        ),
    ),
    "to nowhere": (
        [{"from_port": 443}],
        Problem(f"{EGRESS}[0]", "none of cidr, prefix_list", "exactly one of cidr, prefix_list"),
    ),
    "to a range and a prefix list": (
        [HTTPS | {"prefix_list": "pl-6da54004"}],
        Problem(f"{EGRESS}[0]", "'cidr' and 'prefix_list'", "exactly one of cidr, prefix_list"),
    ),
    "a range that is none": (
        [HTTPS, HTTPS | {"cidr": "gitlab.example.com"}],
        Problem(
            f"{EGRESS}[1].cidr", "'gitlab.example.com'", "a range of IPv4 addresses, such as 10.20.0.0/16"
        ),
    ),
    "an address within a range": (
        [HTTPS | {"cidr": "10.20.0.1/16"}],
        Problem(
            f"{EGRESS}[0].cidr",
            "'10.20.0.1/16'",
            "a range in CIDR notation, with its first address",
            "write 10.20.0.0/16",
        ),
    ),
    "an address without its size": (
        [HTTPS | {"cidr": "10.20.0.0"}],
        Problem(
            f"{EGRESS}[0].cidr",
            "'10.20.0.0'",
            "a range in CIDR notation, with its first address",
            "add its size: 10.20.0.0/32 is this address alone",
        ),
    ),
    "a prefix list that is none": (
        [{"prefix_list": "s3", "from_port": 443}],
        Problem(f"{EGRESS}[0].prefix_list", "'s3'", "an id that starts with pl-"),
    ),
    "no port": (
        [{"cidr": "10.20.0.0/16"}],
        Problem(
            f"{EGRESS}[0]",
            "no 'from_port'",
            "'from_port' is required: The first port of the range",
        ),
    ),
    "a port that is none": (
        [HTTPS | {"from_port": 65536}],
        Problem(f"{EGRESS}[0].from_port", "65536", "0 to 65535"),
    ),
    "a last port before the first": (
        [HTTPS | {"to_port": 80}],
        Problem(f"{EGRESS}[0].to_port", "80", "from_port (443) to 65535"),
    ),
    "another protocol": (
        [HTTPS | {"protocol": "icmp"}],
        Problem(f"{EGRESS}[0].protocol", "'icmp'", "tcp, udp"),
    ),
    "a rule twice": (
        [HTTPS, HTTPS | {"to_port": 443, "protocol": "tcp"}],
        Problem(f"{EGRESS}[1]", "10.20.0.0/16:443/tcp, a duplicate", "each rule once"),
    ),
}


@pytest.mark.parametrize("what", BAD_NETWORKS)
def test_a_bad_network_is_refused(what: str) -> None:
    network, problem = BAD_NETWORKS[what]
    assert problems_of(changed("network", network)) == [problem]


def test_an_unknown_endpoint_is_not_reported_as_a_duplicate() -> None:
    problems = problems_of(changed("network", {"endpoints": ["nat", "nat"]}))
    assert [(each.path, each.found) for each in problems] == [
        (f"{AT}.endpoints[0]", "'nat'"),
        (f"{AT}.endpoints[1]", "'nat'"),
    ]


@pytest.mark.parametrize("what", BAD_EGRESS)
def test_bad_egress_is_refused(what: str) -> None:
    rules, problem = BAD_EGRESS[what]
    assert problems_of(changed("runners/build/host/egress", rules)) == [problem]


def test_a_stack_has_no_network_of_its_own_by_default() -> None:
    assert parse_stack(changed("gitlab_url", "https://gitlab.example.com")).network is None


def test_a_network_with_the_defaults() -> None:
    network = parse_stack(changed("network", {})).network
    assert network == Network("10.64.0.0/20", zones=2, nat_per_zone=False, endpoints=())


def test_every_setting_of_a_network() -> None:
    declared = {
        "cidr": "172.20.4.0/24",
        "zones": 3,
        "nat_per_zone": True,
        "endpoints": list(ENDPOINTS),
    }
    assert network(declared, "network") == Network(
        "172.20.4.0/24", zones=3, nat_per_zone=True, endpoints=ENDPOINTS
    )


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "10.64.0.0/20", "172.20.4.0/24"])
def test_the_subnets_are_in_the_network_and_do_not_overlap(cidr: str) -> None:
    network = Network(IPv4Network(cidr), zones=3, nat_per_zone=True)
    subnets = [*network.private_subnets, *network.public_subnets]
    assert len(subnets) == 6
    assert all(subnet.subnet_of(network.cidr) and subnet.prefixlen <= 28 for subnet in subnets)
    assert not any(one.overlaps(other) for one, other in combinations(subnets, 2))


def test_a_further_zone_moves_no_subnet() -> None:
    two, three = (Network(zones=zones, nat_per_zone=True) for zones in (2, 3))
    assert three.private_subnets[:2] == two.private_subnets
    assert three.public_subnets[:2] == two.public_subnets


@pytest.mark.parametrize(("nat_per_zone", "count"), [(False, 1), (True, 3)])
def test_each_nat_gateway_has_a_public_subnet(nat_per_zone: bool, count: int) -> None:
    assert len(Network(zones=3, nat_per_zone=nat_per_zone).public_subnets) == count


def test_the_first_zones_do_not_depend_on_the_order_that_aws_returns() -> None:
    assert first_zones(["eu-west-1c", "eu-west-1a", "eu-west-1b"], 2, "ci") == ["eu-west-1a", "eu-west-1b"]


def test_a_region_may_have_fewer_zones_than_are_declared() -> None:
    with pytest.raises(DeclarationError) as error:
        first_zones(["us-west-1c", "us-west-1a"], 3, "ci")
    assert error.value.problems == (Problem("ci.zones", "3", "at most 2: us-west-1a, us-west-1c"),)


def test_a_host_may_connect_to_what_it_declares() -> None:
    declared = [
        HTTPS,
        {"cidr": "0.0.0.0/0", "from_port": 8000, "to_port": 8100, "protocol": "udp"},
        {"prefix_list": "pl-6da54004", "from_port": 443},
    ]
    host = parse_stack(changed("runners/build/host/egress", declared)).managers["build"].host
    assert host.egress == (
        EgressRule(443, 443, "tcp", cidr="10.20.0.0/16"),
        EgressRule(8000, 8100, "udp", cidr="0.0.0.0/0"),
        EgressRule(443, 443, "tcp", prefix_list="pl-6da54004"),
    )


def test_the_workers_of_a_fleet_may_connect_to_what_the_fleet_declares() -> None:
    fleet = {"instance_types": ["c7i.large"], "max_instances": 2, "egress": [HTTPS]}
    manager = parse_stack({"runners": {"burst": {"group": 42, "fleet": fleet}}}).managers["burst"]
    assert manager.fleet is not None
    assert manager.fleet.egress == (EgressRule(443, 443, "tcp", cidr="10.20.0.0/16"),)
    assert manager.host.egress == ()


def test_a_host_may_connect_to_everywhere_by_default() -> None:
    assert parse_stack(changed("runners/build/host", {})).managers["build"].host.egress == ()
