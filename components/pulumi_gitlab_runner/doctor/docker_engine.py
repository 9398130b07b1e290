"""The version of a Docker Engine, and the free subnets of its address pools for job networks.

Source: Docker Engine API 1.44; the default pools are those of moby, libnetwork/ipamutils.
"""

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_network
from pathlib import Path
from typing import Any

from pulumi_gitlab_runner.http.bounded_json import read_json
from pulumi_gitlab_runner.http.client import HttpClient
from pulumi_gitlab_runner.http.deadline import Deadline
from pulumi_gitlab_runner.http.errors import HttpError

_PATIENCE_S = 5.0
_LARGEST_ANSWER = 8 * 1024 * 1024
_DEFAULT_POOLS = [{"Base": f"172.{second}.0.0/16", "Size": 16} for second in range(17, 32)] + [
    {"Base": "192.168.0.0/16", "Size": 20}
]


class EngineUnreachableError(Exception):
    """The engine does not answer; the message is the reason."""


@dataclass(frozen=True)
class Engine:
    """A Docker Engine.

    Attributes:
        version: the version of the engine.
        networks: the number of networks that its address pools have free subnets for.
        all_networks: the number of all subnets of its address pools.
    """

    version: str
    networks: int
    all_networks: int


def ask_engine(place: Path) -> Engine:
    """Request the version and networks of the engine at a Unix socket.

    Raises:
        EngineUnreachableError: it does not answer, or is not a Docker Engine.
    """
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(place))
    except OSError as error:
        raise EngineUnreachableError((error.strerror or str(error)).lower()) from None
    deadline = Deadline(_PATIENCE_S)
    try:
        with HttpClient(socket_path=str(place)) as client:
            info, networks = (_answer(client, path, deadline) for path in ("/info", "/networks"))
    except HttpError as error:
        raise EngineUnreachableError(f"it {error}") from None
    except ValueError:
        raise EngineUnreachableError("it does not answer as a Docker Engine does") from None
    return engine_of(info, networks)


def engine_of(info: Any, networks: Any) -> Engine:
    """The engine described by its responses to ``GET /info`` and ``GET /networks``.

    Raises:
        EngineUnreachableError: these are not such responses.
    """
    try:
        total, left = _room(info.get("DefaultAddressPools") or _DEFAULT_POOLS, networks)
        return Engine(str(info.get("ServerVersion")), left, total)
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError):
        raise EngineUnreachableError("it does not answer as a Docker Engine does") from None


def _answer(client: HttpClient, path: str, deadline: Deadline) -> Any:
    answer = client.ask("GET", f"http://engine{path}", deadline=deadline, limit=_LARGEST_ANSWER)
    if answer.status != 200:
        raise ValueError
    return read_json(answer.content)


def _room(pools: Iterable[Mapping[str, Any]], networks: Iterable[Mapping[str, Any]]) -> tuple[int, int]:
    """The number of all subnets of the pools, and of the free ones."""
    used = [subnet for network in networks for subnet in _subnets(network)]
    total = left = 0
    for pool in pools:
        base = ip_network(pool["Base"], strict=False)
        if not isinstance(base, IPv4Network):
            continue
        size = int(pool["Size"])
        room = 2 ** (size - base.prefixlen)
        taken = sum(2 ** max(0, size - subnet.prefixlen) for subnet in used if subnet.overlaps(base))
        total += room
        left += max(0, room - taken)
    return total, left


def _subnets(network: Mapping[str, Any]) -> list[IPv4Network]:
    """The IPv4 subnets of a network."""
    configured = (network.get("IPAM") or {}).get("Config") or []
    found = (ip_network(each["Subnet"], strict=False) for each in configured if each.get("Subnet"))
    return [subnet for subnet in found if isinstance(subnet, IPv4Network)]
