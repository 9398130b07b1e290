"""The addresses of job networks, which must not overlap the networks that a host connects to.

Each job has its own Docker network, to which the host adds a route. While it exists, the host and its jobs
cannot connect to the same addresses outside of the host.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any
from urllib.parse import urlsplit

from pulumi_gitlab_runner.spec.address_range import address_range_problems
from pulumi_gitlab_runner.spec.inputs import Value, is_known
from pulumi_gitlab_runner.spec.problems import Problem, join_path, listed

JOB_NETWORKS = "192.168.0.0/16"
"""The default range of job networks on hosts: few VPCs use it, and Docker uses it by default."""
WORKER_JOB_NETWORKS = "172.17.0.0/16"
"""The default range of job networks on the instances of a fleet: that of Docker's own first network."""
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")))
"""Private ranges: RFC 1918, and RFC 6598, which AWS also allows for VPCs."""


@dataclass(frozen=True)
class Met:
    """A network that a host connects to.

    Attributes:
        what: its description in messages, such as `GitLab`.
        cidr: its IPv4 address range.
        path: its path in the declaration; None if it is not declared.
    """

    what: str
    cidr: Value[str]
    path: str | None = None


def job_networks_problems(cidr: str, path: str) -> Iterator[Problem]:
    """The problems of the range of job networks."""
    if wrong := list(address_range_problems(cidr, path)):
        yield from wrong
    elif not any(IPv4Network(cidr).subnet_of(private) for private in _PRIVATE):
        yield Problem(path, repr(cidr), f"a range within {listed(map(str, _PRIVATE))}")


def overlap_problems(job_networks: Value[str], met: Iterable[Met], path: str) -> Iterator[Problem]:
    """The problems of networks that overlap job networks; only known ranges are checked."""
    for each in met:
        if not (is_known(job_networks) and is_known(each.cidr) and _overlap(job_networks, each.cidr)):
            continue
        allowed = f"a range that does not overlap {job_networks if each.path else each.cidr}"
        found = (
            f"{each.cidr!r}, which overlaps the job networks on the hosts"
            if each.path
            else f"{job_networks!r}, which overlaps {each.what} ({each.cidr})"
        )
        fix = "hosts cannot connect to it: set 'job_networks' of the host or fleet to another range"
        yield Problem(each.path or path, found, allowed, fix)


def _overlap(*ranges: Any) -> bool:
    try:
        first, second = map(IPv4Network, ranges)
    except ValueError:  # a separate problem
        return False
    return first.overlaps(second)


def address_of(url: str, what: str, path: str) -> Iterator[Met]:
    """The network of a host that a declaration names by an IPv4 address.

    Args:
        url: a URL, or a host with its port.
        what: the description of the host in messages.
        path: its path in the declaration.
    """
    try:
        host = urlsplit(url if "//" in url else f"//{url}").hostname
        yield Met(what, str(IPv4Network(IPv4Address(host or ""))), path)
    except ValueError:
        return


def name_servers(docker: Mapping[str, Any], path: str) -> Iterator[Met]:
    """The name servers of a runner's jobs."""
    for index, address in enumerate(docker.get("dns") or ()):
        yield from address_of(str(address), "a name server", join_path(path, "dns", index))
