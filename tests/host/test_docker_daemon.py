"""daemon.json: room for every job network."""

import json
from ipaddress import IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_gitlab_runner.host.docker_daemon import (
    docker_daemon_config,
    job_network_size,
    networks_needed,
)


def test_the_default_settings() -> None:
    assert json.loads(docker_daemon_config(4)) == {
        "default-address-pools": [{"base": "192.168.0.0/16", "size": 24}],
        "live-restore": True,
        "log-driver": "json-file",
        "log-opts": {"max-file": "2", "max-size": "100m"},
    }


@given(st.integers(1, 5000), st.integers(8, 24))
def test_there_is_room_for_every_job_and_as_many_leftovers(concurrent: int, prefix: int) -> None:
    job_networks = f"10.0.0.0/{prefix}"
    size = job_network_size(concurrent, job_networks)
    room = len(range(0, IPv4Network(job_networks).num_addresses, 2 ** (32 - (size or 28))))
    assert (size is not None) == (room > 2 * concurrent)


@pytest.mark.parametrize(
    ("concurrent", "size"), [(1, 24), (127, 24), (128, 25), (1023, 27), (2047, 28), (2048, None)]
)
def test_networks_are_as_large_as_the_range_allows(concurrent: int, size: int | None) -> None:
    assert job_network_size(concurrent) == size


def test_a_custom_range() -> None:
    settings = json.loads(docker_daemon_config(10, "10.99.0.0/22"))
    assert settings["default-address-pools"] == [{"base": "10.99.0.0/22", "size": 27}]


def test_ipv6_adds_a_range() -> None:
    _, pool = json.loads(docker_daemon_config(4, ipv6=True))["default-address-pools"]
    range_ = IPv6Network(pool["base"])
    assert range_.subnet_of(IPv6Network("fd00::/8"))
    assert 2 ** (pool["size"] - range_.prefixlen) == 4096
    # Docker before 27 counts the networks by a shift of 64 bits: libnetwork, ipamutils/utils.go.
    assert 128 - pool["size"] < 64


def test_docker_isolates_networks_over_ipv6_too() -> None:
    settings = json.loads(docker_daemon_config(4, ipv6=True))
    assert settings["ip6tables"] is True
    assert settings["experimental"] is True  # which ip6tables needs before Docker 27
    assert not {"ip6tables", "experimental"} & json.loads(docker_daemon_config(4)).keys()


def test_a_range_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match=r"10\.99\.0\.0/24 has no room for 21 job networks"):
        docker_daemon_config(10, "10.99.0.0/24")


def test_leftovers_of_one_killed_manager_and_dockers_own_network_are_counted() -> None:
    assert networks_needed(10) == 21
