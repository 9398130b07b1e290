"""The number of networks that the address pools of a Docker Engine allow."""

from typing import Any

import pytest
from pulumi_gitlab_runner.doctor.docker_engine import Engine, EngineUnreachableError, engine_of


def networks(*subnets: str) -> list[dict[str, Any]]:
    return [{"IPAM": {"Config": [{"Subnet": each} for each in subnets]}}]


@pytest.mark.parametrize(
    ("pools", "subnets", "left", "total"),
    [
        # Moby's default: 172.17.0.0/16 to 172.31.0.0/16, and 192.168.0.0/16 in parts of /20.
        (None, [], 31, 31),
        (None, ["172.16.0.0/16", "172.32.0.0/16", "192.167.0.0/20", "192.169.0.0/20"], 31, 31),
        (None, ["172.17.0.0/16", "172.31.0.0/16", "192.168.0.0/20", "192.168.240.0/20"], 27, 31),
        ([], ["172.17.0.0/16"], 30, 31),
        ([("10.0.0.0/8", 24)], [], 65536, 65536),
        ([("10.0.0.0/24", 24)], [], 1, 1),
        ([("10.0.0.1/24", 26)], ["10.0.0.0/26"], 3, 4),
        ([("10.0.0.0/24", 26)], ["10.0.0.0/25"], 2, 4),
        ([("10.0.0.0/24", 26)], ["10.0.0.0/28", "10.0.0.65/26"], 2, 4),
        ([("10.0.0.0/24", 26)], ["10.0.0.0/16"], 0, 4),
        ([("10.0.0.0/24", 26), ("fd00::/64", 80)], ["fd00::/80"], 4, 4),
        ([("10.0.0.0/24", 26), ("10.1.0.0/24", 25)], ["10.0.0.0/23", "10.1.0.0/25"], 1, 6),
    ],
)
def test_available_networks(
    pools: list[tuple[str, int]] | None, subnets: list[str], left: int, total: int
) -> None:
    listed = None if pools is None else [{"Base": base, "Size": size} for base, size in pools]
    info = {"ServerVersion": "29.7.0", "DefaultAddressPools": listed}
    assert engine_of(info, networks(*subnets)) == Engine("29.7.0", left, total)


def test_networks_without_addresses_use_no_pool() -> None:
    other = [{"IPAM": None}, {}, {"IPAM": {"Config": None}}, {"IPAM": {"Config": [{}, {"Subnet": ""}]}}]
    assert engine_of({"ServerVersion": "1"}, other) == Engine("1", 31, 31)


@pytest.mark.parametrize(
    ("info", "listed"),
    [
        (None, []),
        ([], []),
        ({}, None),
        ({}, [1]),
        ({}, [{"IPAM": {"Config": [{"Subnet": "x"}]}}]),
        ({"DefaultAddressPools": [{"Base": "10.0.0.0/8"}]}, []),
        ({"DefaultAddressPools": [{"Base": "10.0.0.0/8", "Size": 1e999}]}, []),
    ],
)
def test_an_answer_that_is_not_from_an_engine(info: Any, listed: Any) -> None:
    with pytest.raises(EngineUnreachableError, match=r"^it does not answer as a Docker Engine does$"):
        engine_of(info, listed)
