"""What lets a job take over its machine, and what does not."""

from typing import Any

import pytest
from pulumi_gitlab_runner.config.job_isolation import isolation_gaps, isolation_warnings


def warned(docker: dict[str, Any], **runner: Any) -> list[str]:
    """The keys that a preview warns of."""
    return [each.path for each in isolation_warnings({"docker": docker, **runner}, "runners[0]")]  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    "docker",
    [
        {"privileged": True},
        {"services_privileged": True},
        {"network_mode": "host"},
        {"pid_mode": "host"},
    ],
    ids=str,
)
def test_a_switch(docker: dict[str, Any]) -> None:
    (key,) = docker
    assert warned(docker) == [f"runners[0].docker.{key}"]


@pytest.mark.parametrize(
    ("volume", "dangerous"),
    [
        ("/cache", False),
        ("data:/var/run/docker.sock", False),
        ("/srv/data:/data", False),
        ("/etc/ssl/certs:/etc/ssl/certs:ro", False),
        ("/rooted:/x", False),
        ("/var/run/docker.sock:/var/run/docker.sock", True),
        ("/run/containerd/containerd.sock:/x:ro", True),
        ("/:/host:ro", True),
        ("//:/host", True),
        ("/srv/..:/host", True),
        ("/etc:/host", True),
        ("/etc/gitlab-runner/config.toml:/x:ro", True),
        ("/root/.docker:/x:ro", True),
        ("/run/gitlab-runner-credentials/config.json:/x", True),
    ],
)
def test_a_folder_of_the_host(volume: str, dangerous: bool) -> None:
    assert warned({"volumes": ["/cache", volume]}) == (["runners[0].docker.volumes[1]"] if dangerous else [])


def test_capabilities_each() -> None:
    keys = ["runners[0].docker.cap_add[0]", "runners[0].docker.cap_add[1]"]
    assert warned({"cap_add": ["SYS_ADMIN", "NET_ADMIN"]}) == keys


@pytest.mark.parametrize(
    ("autoscaler", "alone"),
    [
        ({"max_use_count": 1}, True),
        ({"max_use_count": 1, "capacity_per_instance": 1}, True),
        ({"max_use_count": 1, "capacity_per_instance": 2}, False),
        ({"max_use_count": 2}, False),
        ({}, False),
    ],
)
def test_a_machine_that_ends_with_its_one_job_may_be_taken_over(
    autoscaler: dict[str, Any], alone: bool
) -> None:
    assert (warned({"privileged": True}, autoscaler=autoscaler) == []) is alone


def test_what_is_told_in_a_note_alone() -> None:
    docker = {"devices": ["/dev/kvm"], "security_opt": ["seccomp=unconfined", "no-new-privileges:true"]}
    assert warned(docker) == []
    assert [each.phrase for each in isolation_gaps(docker)] == [
        ("gives its jobs a device of the host", ("/dev/kvm",)),
        ("gives its jobs the security option", ("seccomp=unconfined",)),
    ]
