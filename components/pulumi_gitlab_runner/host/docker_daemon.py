"""The configuration of a runner host's Docker daemon."""

import json
from ipaddress import IPv4Network

from pulumi_gitlab_runner.spec.job_networks import JOB_NETWORKS

IPV6_JOB_NETWORKS = "fd3a:6c1b:9d5e::/100"
"""The address pool of job networks with IPv6: unique local addresses (RFC 4193), with 40 random bits. Docker
before 27 has no default pool for IPv6: docs.docker.com/engine/daemon/ipv6."""
IPV6_SIZE = 112
"""The prefix length of job networks with IPv6, which Docker before 27 supports; the pool has 4096 of them."""
_IPV6_ISOLATION = {"experimental": True, "ip6tables": True}
"""The settings with which Docker isolates networks from each other over IPv6 too, as it does by default since
Docker 27: github.com/moby/moby/pull/47747."""
DOCKERS_OWN_NETWORKS = 30
"""The approximate number of networks in Docker's default address pools."""
_SIZES = range(24, 29)
"""The prefix lengths of job networks, the largest network first: a /28 has addresses for a job, its helper
and 11 services."""


def networks_needed(concurrent: int) -> int:
    """The number of networks that a host needs: the jobs', those that a killed manager left, and Docker's."""
    return 2 * concurrent + 1


def job_network_size(concurrent: int, job_networks: str = JOB_NETWORKS) -> int | None:
    """The prefix length of the largest job networks of which the range has enough; None if it is too small.

    Args:
        concurrent: the maximum number of concurrent jobs.
        job_networks: the range of the job networks in CIDR notation, such as ``192.168.0.0/16``.
    """
    prefix = IPv4Network(job_networks).prefixlen
    rooms = ((size, 1 << (size - prefix)) for size in _SIZES if size >= prefix)
    return next((size for size, count in rooms if count >= networks_needed(concurrent)), None)


def docker_daemon_config(
    concurrent: int, job_networks: str = JOB_NETWORKS, *, ipv6: bool = False, user_namespaces: bool = False
) -> str:
    """The daemon.json of a host, as JSON.

    Docker's default address pools have few networks; jobs fail when all are in use. Containers keep running
    while the daemon is down (`live-restore`). Logs are rotated; the log driver is the one that the runner
    sets for its containers, so that this applies to them too (gitlab-runner: executors/docker/docker.go).

    Args:
        concurrent: the maximum number of concurrent jobs.
        job_networks: the range of the job networks; see `job_network_size`.
        ipv6: whether job networks can have IPv6 addresses, which Docker then filters like IPv4.
        user_namespaces: whether containers run in user namespaces. When Docker starts, it creates the user
            `dockremap` for them, with its ranges of subordinate user and group IDs:
            docs.docker.com/engine/security/userns-remap.

    Raises:
        ValueError: the range is too small for so many networks.
    """
    size = job_network_size(concurrent, job_networks)
    if size is None:
        raise ValueError(f"{job_networks} has no room for {networks_needed(concurrent)} job networks")
    pools: list[dict[str, object]] = [{"base": job_networks, "size": size}]
    if ipv6:
        pools.append({"base": IPV6_JOB_NETWORKS, "size": IPV6_SIZE})
    settings: dict[str, object] = {
        "default-address-pools": pools,
        "live-restore": True,
        "log-driver": "json-file",
        "log-opts": {"max-file": "2", "max-size": "100m"},
    }
    if ipv6:
        settings |= _IPV6_ISOLATION
    if user_namespaces:
        settings["userns-remap"] = "default"
    return json.dumps(settings, indent=2) + "\n"
