"""The configuration of a runner host's Docker daemon."""

import json
from ipaddress import IPv4Network

from pulumi_gitlab_runner.spec.job_networks import JOB_NETWORKS

IPV6_JOB_NETWORKS = "fd3a:6c1b:9d5e::/100"
"""Where job networks with IPv6 take such addresses from: unique local ones (RFC 4193), with 40 random bits
that should be unique. Docker before 27 has none by itself: docs.docker.com/engine/daemon/ipv6."""
IPV6_SIZE = 112
"""One that these versions can count; 4096 of them are in the range."""
DOCKERS_OWN_NETWORKS = 30
"""About how many networks the address pools hold that Docker has by itself."""
_SIZES = range(24, 29)
"""The sizes that a job network may have, the largest first: a /28 holds a job, its helper and 11 services."""


def networks_needed(concurrent: int) -> int:
    """How many networks a host needs: for each job, for what a killed manager left, and Docker's own."""
    return 2 * concurrent + 1


def job_network_size(concurrent: int, job_networks: str = JOB_NETWORKS) -> int | None:
    """The prefix length of a job network, the largest of which there are enough; None where there is no room.

    Args:
        concurrent: how many jobs run at a time.
        job_networks: the range that they share, such as ``192.168.0.0/16``.
    """
    prefix = IPv4Network(job_networks).prefixlen
    rooms = ((size, 1 << (size - prefix)) for size in _SIZES if size >= prefix)
    return next((size for size, count in rooms if count >= networks_needed(concurrent)), None)


def docker_daemon_config(
    concurrent: int, job_networks: str = JOB_NETWORKS, *, ipv6: bool = False, user_namespaces: bool = False
) -> str:
    """The daemon.json of a host, as JSON.

    Docker's own pools hold few networks: more jobs at a time, and a job fails for want of addresses.
    Containers outlive the daemon (`live-restore`). Logs are rotated; the driver is the one that the runner
    asks for, so that this holds for its containers too (gitlab-runner: executors/docker/docker.go).

    Args:
        concurrent: how many jobs run at a time.
        job_networks: the range of the job networks; see `job_network_size`.
        ipv6: whether some of them have addresses of IPv6 too.
        user_namespaces: whether containers run in user namespaces. Docker makes the user `dockremap` for
            them, with the ranges of its subordinate users and groups, when it starts:
            docs.docker.com/engine/security/userns-remap.

    Raises:
        ValueError: the range has no room for so many networks.
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
    if user_namespaces:
        settings["userns-remap"] = "default"
    return json.dumps(settings, indent=2) + "\n"
