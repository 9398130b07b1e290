"""Settings that let a job take over its machine, and settings that do not."""

from typing import Any

import pytest
from pulumi_gitlab_runner.config.job_isolation import isolation, isolation_gaps, isolation_warnings


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
def test_a_dangerous_setting_is_a_warning(docker: dict[str, Any]) -> None:
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
        ("/var/run/gitlab-runner-credentials:/x:ro", True),
        ("/var/run/containerd:/x:ro", True),
        ("/run/systemd/private:/x:ro", True),
        ("/var/run/x:/x", False),
        ("/usr/local/sbin:/x", True),
        ("/usr/local/sbin:/x:ro", False),
        ("/usr/local/sbin:/x:z,ro", False),
        ("/usr/local/sbin:/ro", True),
        ("/usr/local/share/ca-certificates:/x", False),
    ],
)
def test_a_dangerous_volume_is_a_warning(volume: str, dangerous: bool) -> None:
    assert warned({"volumes": ["/cache", volume]}) == (["runners[0].docker.volumes[1]"] if dangerous else [])


def test_each_capability_is_a_warning() -> None:
    keys = ["runners[0].docker.cap_add[0]", "runners[0].docker.cap_add[1]"]
    assert warned({"cap_add": ["SYS_ADMIN", "NET_ADMIN"]}) == keys


@pytest.mark.parametrize(
    ("device", "dangerous"),
    [
        *((each, True) for each in ("/dev", "/dev/nvme0n1", "/dev/xvda:/dev/x:r", "/dev/./sda1", "/dev/mem")),
        *((each, True) for each in ("/dev/mapper/root", "/dev/disk/by-id/x", "/dev/dm-0", "/dev/port")),
        *((each, False) for each in ("/dev/kvm", "/dev/fuse", "/dev/memory", "/dev/snd")),
    ],
)
def test_a_device_with_a_disk_or_memory_is_a_warning(device: str, dangerous: bool) -> None:
    assert warned({"devices": [device]}) == (["runners[0].docker.devices[0]"] if dangerous else [])
    found = warned({"services_devices": {"docker:*": ["/dev/kvm", device]}})
    assert found == (["runners[0].docker.services_devices.docker:*[1]"] if dangerous else [])


@pytest.mark.parametrize(
    ("autoscaler", "single_job"),
    [
        ({"max_use_count": 1}, True),
        ({"max_use_count": 1, "capacity_per_instance": 1}, True),
        ({"max_use_count": 1, "capacity_per_instance": 2}, False),
        ({"max_use_count": 2}, False),
        ({}, False),
    ],
)
def test_a_machine_for_a_single_job_needs_no_warning(autoscaler: dict[str, Any], single_job: bool) -> None:
    assert (warned({"privileged": True}, autoscaler=autoscaler) == []) is single_job


@pytest.mark.parametrize(
    "folder",
    [
        *("/", "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys"),
        *("/usr", "/var", "/var/lib", "/var/lib/docker", "/var/run", "/etc/gitlab-runner"),
        *("/etc/gitlab-runner/certs", "/root/.ssh", "/run/gitlab-runner-credentials"),
        *("/var/lib/docker/overlay2", "/x/docker.sock", "/x/containerd.sock", "/x/podman.sock"),
        "/x/crio.sock",
    ],
)
def test_folders_that_expose_the_machine_are_a_warning(folder: str) -> None:
    assert warned({"volumes": [f"{folder}:/x"]}) == ["runners[0].docker.volumes[0]"]


@pytest.mark.parametrize(
    "folder", ["/etc/gitlab-runners", "/var/log", "/run/x", "/usr/share", "/x/docker.sock/y"]
)
def test_other_folders_need_no_warning(folder: str) -> None:
    assert warned({"volumes": [f"{folder}:/x"]}) == []


GAPS: dict[str, tuple[dict[str, Any], str, str]] = {
    "privileged": ({"privileged": True}, "is privileged: every job has root access to the host", ""),
    "privileged services": (
        {"services_privileged": True},
        "has privileged services: every job can gain root access to the host",
        "",
    ),
    "network": ({"network_mode": "host"}, "runs its jobs in the host's network", ""),
    "processes": ({"pid_mode": "host"}, "runs its jobs in the host's PID namespace", ""),
    "memory": ({"ipcmode": "host"}, "runs its jobs in the host's IPC namespace", ""),
    "users": ({"userns_mode": "host"}, "maps root in a job to root on the host", ""),
    "a capability": ({"cap_add": ["SYS_TIME"]}, "gives its jobs the capability", "SYS_TIME"),
    "a device": ({"devices": ["/dev/kvm"]}, "gives its jobs access to the host device", "/dev/kvm"),
    "devices": (
        {"device_cgroup_rules": ["c 81:* rmw"]},
        "gives its jobs access to host devices by the rule",
        "c 81:* rmw",
    ),
    "a service's device": (
        {"services_devices": {"db:*": ["/dev/kvm"]}},
        "gives services access to the host device",
        "/dev/kvm",
    ),
    "volumes": ({"volumes_from": ["db"]}, "gives its jobs access to the volumes of", "db"),
    "a folder": ({"volumes": ["/srv:/x:ro"]}, "gives its jobs access to the host path", "/srv:/x:ro"),
    "a profile": ({"security_opt": ["a=b"]}, "runs its jobs with the security option", "a=b"),
    "a service's profile": (
        {"services_security_opt": ["a=b"]},
        "runs services with the security option",
        "a=b",
    ),
}


@pytest.mark.parametrize(("docker", "phrase", "name"), GAPS.values(), ids=GAPS)
def test_the_phrase_of_each_gap(docker: dict[str, Any], phrase: str, name: str) -> None:
    (gap,) = isolation_gaps(docker)
    assert gap.phrase == (phrase, (name,) if name else ())
    (key, value) = next(iter(docker.items()))
    while isinstance(value, dict):
        (below, value) = next(iter(value.items()))
        key = f"{key}.{below}"
    assert gap.key == (f"{key}[0]" if isinstance(value, list) else key)


@pytest.mark.parametrize(
    "docker",
    [
        *({"privileged": False}, {"network_mode": "ci"}, {"volumes": ["/cache", "data:/x", "cache"]}),
        *({"security_opt": ["no-new-privileges"]}, {"services_security_opt": ["no-new-privileges:true"]}),
        *({"cap_add": "SYS_ADMIN"}, {"volumes": None}, {"memory": "4g"}),
        *(
            {"services_devices": {}},
            {"services_devices": {"db": "/dev/kvm"}},
            {"services_devices": ["/dev/kvm"]},
        ),
    ],
)
def test_harmless_settings_are_not_gaps(docker: dict[str, Any]) -> None:
    assert list(isolation_gaps(docker)) == []


def test_the_settings_that_affect_the_isolation_of_jobs() -> None:
    """All settings of a section that a preview shows."""
    keys = (
        "privileged services_privileged network_mode pid_mode ipcmode userns_mode cap_add devices"
        " services_devices device_cgroup_rules volumes_from allowed_images allowed_services"
        " allowed_privileged_images allowed_privileged_services allowed_users allowed_pull_policies"
        " pull_policy cap_drop volumes security_opt services_security_opt"
    )
    docker = dict.fromkeys(keys.split(), "x")
    assert isolation(docker | {"memory": "4g", "image": "alpine"}) == docker


def test_gaps_that_only_a_note_reports() -> None:
    docker = {"devices": ["/dev/kvm"], "security_opt": ["seccomp=unconfined", "no-new-privileges:true"]}
    assert warned(docker) == []
    assert [each.phrase for each in isolation_gaps(docker)] == [
        ("gives its jobs access to the host device", ("/dev/kvm",)),
        ("runs its jobs with the security option", ("seccomp=unconfined",)),
    ]
