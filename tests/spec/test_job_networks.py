"""The addresses of job networks, which must not overlap the networks that a host connects to."""

from typing import Any

import pytest
from pulumi_gitlab_runner.spec import DeclarationError, Problem, parse_stack
from pulumi_gitlab_runner.spec.inputs import Deferred
from pulumi_gitlab_runner.spec.job_networks import JOB_NETWORKS, WORKER_JOB_NETWORKS

from tests.spec.declaration import changed, output, problems_of

HOST = "stack.runners.build.host"
FLEET = "stack.runners.burst.fleet"
APART = "hosts cannot connect to it: set 'job_networks' of the host or fleet to another range"
PRIVATE = "a range within 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16"


def host(**keys: Any) -> dict[str, Any]:
    """The good declaration, with these keys of its host."""
    return changed("runners/build/host", keys)


def fleet(**keys: Any) -> dict[str, Any]:
    """The good declaration with an additional fleet that has these keys."""
    declared = {"instance_types": ["c7i.large"], "max_instances": 2, **keys}
    return changed("runners/burst", {"group": 42, "fleet": declared})


def overlapping(path: str, found: str, job_networks: str) -> Problem:
    """The problem of a network that overlaps the job networks."""
    what = f"'{found}', which overlaps the job networks on the hosts"
    return Problem(path, what, f"a range that does not overlap {job_networks}", APART)


BAD: dict[str, tuple[dict[str, Any], Problem]] = {
    "not a range": (
        host(job_networks="somewhere"),
        Problem(f"{HOST}.job_networks", "'somewhere'", "a range of IPv4 addresses, such as 10.20.0.0/16"),
    ),
    "a public range": (
        fleet(job_networks="8.8.0.0/16"),
        Problem(f"{FLEET}.job_networks", "'8.8.0.0/16'", PRIVATE),
    ),
    "a link-local range": (
        host(job_networks="169.254.0.0/16"),
        Problem(f"{HOST}.job_networks", "'169.254.0.0/16'", PRIVATE),
    ),
    "a peer that is no range": (
        host(peer_networks=["10.0.0.0/8", "10.0.0.1/8"]),
        Problem(
            f"{HOST}.peer_networks[1]",
            "'10.0.0.1/8'",
            "a range in CIDR notation, with its first address",
            "write 10.0.0.0/8",
        ),
    ),
    "a peer": (
        host(peer_networks=["10.0.0.0/8", "192.168.7.0/24"]),
        overlapping(f"{HOST}.peer_networks[1]", "192.168.7.0/24", JOB_NETWORKS),
    ),
    "a peer of a fleet": (
        fleet(peer_networks=["192.168.0.0/16", "172.16.0.0/12"]),
        overlapping(f"{FLEET}.peer_networks[1]", "172.16.0.0/12", WORKER_JOB_NETWORKS),
    ),
    "the network, of a host": (
        host(job_networks="10.64.0.0/16") | {"network": {}},
        overlapping("stack.network.cidr", "10.64.0.0/20", "10.64.0.0/16"),
    ),
    "the network, of a fleet": (
        fleet() | {"network": {"cidr": "172.17.0.0/20"}},
        overlapping("stack.network.cidr", "172.17.0.0/20", WORKER_JOB_NETWORKS),
    ),
    "the network, of a fleet's manager": (
        fleet(manager={"job_networks": "10.64.0.0/20"}) | {"network": {}},
        overlapping("stack.network.cidr", "10.64.0.0/20", "10.64.0.0/20"),
    ),
    "GitLab": (
        host() | {"gitlab_url": "http://192.168.1.5:8080/gitlab"},
        overlapping("stack.gitlab_url", "192.168.1.5/32", JOB_NETWORKS),
    ),
    "a registry": (
        changed("registries/legacy/host", "192.168.255.255:5000"),
        overlapping("stack.registries.legacy.host", "192.168.255.255/32", JOB_NETWORKS),
    ),
    "a name server": (
        changed("runners/build/config", {"docker": {"dns": ["10.0.0.2", "192.168.0.2"]}}),
        overlapping("stack.runners.build.config.docker.dns[1]", "192.168.0.2/32", JOB_NETWORKS),
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_range_is_refused(what: str) -> None:
    declared, problem = BAD[what]
    assert problems_of(declared) == [problem]


OWN_VPC = {"vpc": "vpc-0123456789abcdef0", "subnets": ["subnet-0123456789abcdef0"]}
GOOD: dict[str, dict[str, Any]] = {
    "the ranges beside it": host(peer_networks=["192.167.0.0/16", "192.169.0.0/16"]),
    "a range of its own": host(job_networks="10.99.0.0/16", peer_networks=["192.168.0.0/16"])
    | {"gitlab_url": "http://192.168.1.5"},
    "shared address space": host(job_networks="100.64.0.0/10"),
    "the network of other hosts": host(job_networks="10.64.0.0/16", **OWN_VPC) | {"network": {}},
    "the first range of plain Docker, for hosts": host() | {"network": {"cidr": "172.17.0.0/16"}},
    "a fleet whose image is not known": fleet(ami="ami-0123456789abcdef0")
    | {"network": {"cidr": "172.17.0.0/16"}},
    "an address of no job network": host() | {"gitlab_url": "http://10.1.2.3"},
    "a Docker host, whose networks are its own": changed("runners/build/host", {"docker": {}})
    | {"gitlab_url": "http://192.168.1.5"},
}


@pytest.mark.parametrize("what", GOOD)
def test_a_good_range_is_accepted(what: str) -> None:
    declared = GOOD[what]
    if "docker" in declared["runners"]["build"]["host"]:
        declared["runners"]["build"] |= {"registries": [], "image": "alpine:3.22", "services": []}
    assert problems_of(declared) == []


def test_a_docker_host_cannot_have_a_range() -> None:
    (problem,) = (
        each
        for each in problems_of(changed("runners/build/host", {"docker": {}, "job_networks": "10.9.0.0/16"}))
        if each.path == f"{HOST}.job_networks"
    )
    assert problem.found == "'job_networks', together with 'docker'"


@pytest.mark.parametrize("place", ["network/cidr", "runners/build/host/job_networks"])
def test_a_value_that_is_known_later_is_accepted_until_then(place: str) -> None:
    declared = host(job_networks="10.64.0.0/20") | {"network": {}}
    *parents, last = place.split("/")
    target: Any = declared
    for part in parents:
        target = target[part]
    target[last] = output(f"stack.{place.replace('/', '.')}")
    stack = parse_stack(declared)
    assert stack.network is not None
    given = (stack.network.cidr, stack.managers["build"].host.job_networks)
    assert [isinstance(each, Deferred) for each in given].count(True) == 1


def test_a_fleet_with_its_own_image_is_checked_by_its_declared_range() -> None:
    declared = fleet(ami="ami-0123456789abcdef0", job_networks="172.18.0.0/16")
    with pytest.raises(DeclarationError, match=r"172\.18\.0\.0/24"):
        parse_stack(declared | {"network": {"cidr": "172.18.0.0/24"}})
