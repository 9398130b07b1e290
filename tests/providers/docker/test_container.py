"""A container without a Docker Engine: what the stand-in accepts, returns and replaces."""

from typing import Any

import pytest

from sandbox.providers.docker.container_settings import properties_of
from sandbox.providers.docker.provider import Docker

CONTAINER = "docker:index/container:Container"
GIVEN: dict[str, Any] = {"image": "shell:1"}


def checked(**given: Any) -> tuple[dict[str, Any], list[str]]:
    inputs, failures = Docker().check(CONTAINER, "it", {}, GIVEN | given, b"seed")
    return inputs, [failure.path for failure in failures]


def shown(healthcheck: Any = None, **host: Any) -> dict[str, Any]:
    """The properties of a container that the engine describes."""
    settings = ("Privileged", "ReadonlyRootfs", "SecurityOpt", "NetworkMode")
    policy = {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}, "Memory": 0}
    log = {"LogConfig": {"Type": "json-file", "Config": {}}}
    names = ("Image", "Cmd", "Entrypoint", "User", "WorkingDir", "Hostname")
    config = dict.fromkeys(names) | {"Healthcheck": healthcheck}
    return properties_of(
        {"Name": "/it", "Config": config, "HostConfig": dict.fromkeys(settings) | policy | log | host}
    )


def test_the_old_container_is_deleted_before_the_new_one_is_created() -> None:
    old, new = checked()[0], checked(hostname="other")[0]
    difference = Docker().diff(CONTAINER, old, old, new)
    assert [(change.path, change.replaces) for change in difference.changes] == [("hostname", True)]
    assert difference.deletes_first
    assert not Docker().diff(CONTAINER, old, old, checked(restart="always")[0]).deletes_first


@pytest.mark.parametrize(
    ("permissions", "refused"),
    [("0640", False), ("0777", False), ("640", True), ("1640", True), ("0680", True)],
)
def test_the_mode_of_a_file_has_four_digits(permissions: str, refused: bool) -> None:
    uploads = [{"file": "/it", "content": "it", "permissions": permissions}]
    assert bool(checked(uploads=uploads)[1]) == refused


@pytest.mark.parametrize(
    ("nanoseconds", "period"),
    [(0, "0s"), (10**8, "100ms"), (10**9, "1s"), (15 * 10**8, "1.5s"), (60 * 10**9, "1m0s"),
     (90 * 10**9, "1m30s"), (3600 * 10**9, "1h0m0s"), (3690 * 10**9, "1h1m30s")],
)  # fmt: skip
def test_a_period_is_formatted_as_in_go(nanoseconds: int, period: str) -> None:
    assert shown({"Test": ["NONE"], "Interval": nanoseconds})["healthcheck"]["interval"] == period


def test_a_health_check_has_every_period() -> None:
    inputs, _ = checked(healthcheck={"tests": ["NONE"]})
    periods = ("interval", "timeout", "startPeriod", "startInterval")
    assert {name: inputs["healthcheck"][name] for name in periods} == dict.fromkeys(periods, "0s")


def test_hosts_are_shown() -> None:
    assert shown(ExtraHosts=["a.example.com:2001:db8::1"])["hosts"] == [
        {"host": "a.example.com", "ip": "2001:db8::1"}
    ]
    assert shown(ExtraHosts=None)["hosts"] is None


def test_omitted_labels_are_not_a_change() -> None:
    labelled = checked(labels=[{"label": "of", "value": "tests"}])[0]
    without = checked()[0]
    assert [change.path for change in Docker().diff(CONTAINER, labelled, labelled, without).changes] == []
