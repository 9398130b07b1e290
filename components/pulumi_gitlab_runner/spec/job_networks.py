"""The addresses of job networks, and the networks that a host connects to: they must be apart.

Each job has a Docker network of its own, which the host routes to its jobs. What has the same addresses
elsewhere, the host and its jobs do not reach while such a network is there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any
from urllib.parse import urlsplit

from pulumi_gitlab_runner.spec.address_range import address_range_problems
from pulumi_gitlab_runner.spec.inputs import Input, Value, check, is_known
from pulumi_gitlab_runner.spec.problems import Problem, join_path, listed

JOB_NETWORKS = "192.168.0.0/16"
"""Where job networks take their addresses from, by default: a range that few VPCs use, and Docker
itself."""
WORKER_JOB_NETWORKS = "172.17.0.0/16"
"""The same on the instances of a fleet; also gitlab-runner-worker.sh's."""
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")))
"""Private ranges, not used on the internet: RFC 1918, and RFC 6598, which AWS lets VPCs have too."""


@dataclass(frozen=True)
class Met:
    """A network that a host connects to.

    Attributes:
        what: what it is, such as `GitLab`.
        cidr: its addresses.
        path: its place in the declaration; None where it has none.
    """

    what: str
    cidr: Value[str]
    path: str | None = None


def job_networks_problems(cidr: Input[str], path: str) -> Iterator[Problem]:
    """The problems of the range of job networks."""

    def problems(found: str) -> Iterator[Problem]:
        if wrong := list(address_range_problems(found, path)):
            yield from wrong
        elif not any(IPv4Network(found).subnet_of(private) for private in _PRIVATE):
            yield Problem(path, repr(found), f"a range within {listed(map(str, _PRIVATE))}")

    return check(cidr, problems)


def peer_networks_problems(ranges: Sequence[Input[str]], path: str) -> Iterator[Problem]:
    """The problems of further ranges that a host connects to."""
    for index, cidr in enumerate(ranges):
        yield from _range_problems(cidr, join_path(path, index))


def _range_problems(cidr: Input[str], path: str) -> Iterator[Problem]:
    return check(cidr, lambda found: address_range_problems(found, path))


def overlap_problems(job_networks: Value[str], met: Iterable[Met], path: str) -> Iterator[Problem]:
    """The networks that overlap job networks, as far as both are known.

    Args:
        job_networks: the range of the job networks.
        met: the networks that the host connects to.
        path: the place of the range.
    """
    for each in met:
        if not (is_known(job_networks) and is_known(each.cidr) and _overlap(job_networks, each.cidr)):
            continue
        allowed = f"a range apart from {job_networks if each.path else each.cidr}"
        found = (
            f"{each.cidr!r}, addresses that job networks on the hosts have too"
            if each.path
            else f"{job_networks!r}, of which {each.what} has {each.cidr}"
        )
        fix = "hosts could not reach them: 'job_networks' of a host or fleet is another range"
        yield Problem(each.path or path, found, allowed, fix)


def _overlap(*ranges: Any) -> bool:
    try:
        first, second = map(IPv4Network, ranges)
    except ValueError:  # a problem of its own
        return False
    return first.overlaps(second)


def address_of(url: str, what: str, path: str) -> Iterator[Met]:
    """The network of a host that a declaration names by an IPv4 address.

    Args:
        url: a URL, or a host with its port.
        what: what it is.
        path: its place in the declaration.
    """
    try:
        host = urlsplit(url if "//" in url else f"//{url}").hostname
        yield Met(what, str(IPv4Network(IPv4Address(host or ""))), path)
    except ValueError:
        return


def name_servers(docker: Mapping[str, Any], path: str) -> Iterator[Met]:
    """The name servers of a runner's jobs.

    Args:
        docker: the `docker` section of the runner's configuration.
        path: its place in the declaration.
    """
    for index, address in enumerate(docker.get("dns") or ()):
        yield from address_of(str(address), "a name server", join_path(path, "dns", index))
