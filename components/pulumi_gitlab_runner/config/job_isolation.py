"""Settings that weaken the isolation of a runner's jobs from the machine that runs them.

A preview warns of settings that make a job root on its machine, and the note on a merge request lists all new
privileges of a runner's jobs.

Source: docs.gitlab.com/runner/configuration/advanced-configuration and docs.gitlab.com/runner/security.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from posixpath import normpath
from typing import Any

from pulumi_gitlab_runner.config.finding import Finding, warning
from pulumi_gitlab_runner.config.runner import RunnerConfig

_Table = Mapping[str, Any]

_ROOT = "every job can gain root access to its machine and read the data of other jobs and of the manager"


@dataclass(frozen=True)
class IsolationGap:
    """One setting that weakens the isolation.

    Attributes:
        key: the key in the `[runners.docker]` section, such as `volumes[1]`.
        what: the privilege of the jobs, as a predicate of the runner.
        name: the object of the privilege, such as the folder; empty if `what` is complete.
        reason: why the setting makes a job root on the machine; empty if it does not.
    """

    key: str
    what: str
    name: str = ""
    reason: str = ""

    @property
    def phrase(self) -> tuple[str, tuple[str, ...]]:
        """A text, and the names that follow it."""
        return self.what, (self.name,) if self.name else ()


_SWITCHES: Mapping[tuple[str, object], tuple[str, str]] = {
    ("privileged", True): ("is privileged: every job has root access to the host", _ROOT),
    ("services_privileged", True): (
        "has privileged services: every job can gain root access to the host",
        f"a job defines its services and their commands: {_ROOT}",
    ),
    ("network_mode", "host"): (
        "runs its jobs in the host's network",
        "every job can read the instance metadata, including the credentials of the machine's role",
    ),
    ("pid_mode", "host"): (
        "runs its jobs in the host's PID namespace",
        "root in a job can read the environment and the memory of the machine's processes",
    ),
    ("ipcmode", "host"): ("runs its jobs in the host's IPC namespace", ""),
    ("userns_mode", "host"): ("maps root in a job to root on the host", ""),
}
_GAINS = {
    "cap_add": (
        "gives its jobs the capability",
        "many capabilities are sufficient to gain root access to the machine",
    ),
    "device_cgroup_rules": ("gives its jobs access to host devices by the rule", ""),
    "volumes_from": ("gives its jobs access to the volumes of", ""),
}
"""The lists of which each entry weakens the isolation."""
NO_NEW_PRIVILEGES = "no-new-privileges"
"""The security option that strengthens the isolation; all other ones weaken it."""
_SOCKETS = ("docker.sock", "containerd.sock", "podman.sock", "crio.sock")
_SYSTEM = (
    *("/", "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys"),
    *("/usr", "/var", "/var/lib", "/var/lib/docker", "/var/run"),
)
"""Folders of a machine that give control over it, or contain its secrets."""
_SECRETS = ("/etc/gitlab-runner", "/root", "/run/gitlab-runner-credentials", "/var/lib/docker")
"""Folders that contain the manager's secrets or the data of other jobs."""
_CONTROL = ("/run/containerd", "/run/dbus", "/run/systemd")
"""Folders with sockets of programs that do what root asks, in a job too; also if mounted read-only."""
_PROGRAMS = (
    *("/etc/cron.d", "/etc/docker", "/etc/ssh", "/etc/sudoers.d", "/etc/systemd", "/lib/systemd"),
    *("/usr/bin", "/usr/lib", "/usr/lib64", "/usr/libexec", "/usr/local/bin", "/usr/local/lib"),
    *("/usr/local/sbin", "/usr/sbin", "/var/lib/cloud"),
)
"""Folders with programs and settings of root; harmless if mounted read-only."""
_DISKS_AND_MEMORY = re.compile(r"/dev(/((sd|vd|xvd|nvme|dm-|md)\w*|mapper/.*|disk/.*|k?mem|port))?")
"""Devices with the machine's disks or memory."""


_LIMITS = (
    *("allowed_images", "allowed_services", "allowed_privileged_images", "allowed_privileged_services"),
    *("allowed_users", "allowed_pull_policies", "pull_policy", "cap_drop"),
)
"""The lists that restrict jobs."""
_ISOLATION = (
    *(key for key, _ in _SWITCHES),
    *_GAINS,
    *_LIMITS,
    *("devices", "services_devices", "volumes", "security_opt", "services_security_opt"),
)


def isolation(docker: _Table) -> dict[str, Any]:
    """The keys of a `[runners.docker]` section that affect the isolation of its jobs."""
    return {key: docker[key] for key in _ISOLATION if key in docker}


def isolation_gaps(docker: _Table) -> Iterator[IsolationGap]:
    """The settings that weaken the isolation of jobs.

    Args:
        docker: the `[runners.docker]` section; values of a wrong type are ignored.
    """
    for (key, value), (what, reason) in _SWITCHES.items():
        if docker.get(key) == value:
            yield IsolationGap(key, what, reason=reason)
    for key, (what, reason) in _GAINS.items():
        for index, each in enumerate(texts(docker.get(key))):
            yield IsolationGap(f"{key}[{index}]", what, each, reason)
    yield from _device_gaps(docker)
    for index, each in enumerate(texts(docker.get("volumes"))):
        if each.startswith("/") and ":" in each:
            source, *options = each.split(":")
            reason = _reason_of_mount(source, read_only="ro" in options[-1].split(","))
            yield IsolationGap(f"volumes[{index}]", "gives its jobs access to the host path", each, reason)
    for key, whose in (("security_opt", "its jobs"), ("services_security_opt", "services")):
        for index, each in enumerate(texts(docker.get(key))):
            if not each.startswith(NO_NEW_PRIVILEGES):
                yield IsolationGap(f"{key}[{index}]", f"runs {whose} with the security option", each)


def isolation_warnings(runner: RunnerConfig, path: str) -> Iterator[Finding]:
    """Warnings of settings that make a job root on its machine; none if each machine runs only one job.

    Args:
        runner: the `[[runners]]` section.
        path: the path of the section.
    """
    autoscaler = runner.get("autoscaler", {})
    if autoscaler.get("max_use_count") == 1 and autoscaler.get("capacity_per_instance", 1) <= 1:
        return
    for gap in isolation_gaps(runner.get("docker", {})):
        if gap.reason:
            yield warning(
                f"{path}.docker.{gap.key}",
                gap.reason,
                "remove it, or run these jobs on a fleet in which each instance runs only one job "
                "(`retire_after_jobs: 1`)",
            )


def _reason_of_mount(source: str, *, read_only: bool) -> str:
    path = normpath(source).replace("//", "/")
    below_run = path.removeprefix("/var") if path.startswith("/var/run/") else path  # a link to /run
    if path.rpartition("/")[2] in _SOCKETS:
        return f"a job that can start containers there has root access: {_ROOT}"
    folders = (*_SECRETS, *_CONTROL, *(() if read_only else _PROGRAMS))
    if path in _SYSTEM or any(f"{below_run}/".startswith(f"{each}/") for each in folders):
        return _ROOT
    return ""


def _device_gaps(docker: _Table) -> Iterator[IsolationGap]:
    """The devices of the host that jobs and services have."""
    lists = {"devices": docker.get("devices")}
    services = docker.get("services_devices")
    if isinstance(services, Mapping):
        lists |= {f"services_devices.{pattern}": devices for pattern, devices in services.items()}
    for key, devices in lists.items():
        what = (
            "gives its jobs access to the host device"
            if key == "devices"
            else "gives services access to the host device"
        )
        for index, each in enumerate(texts(devices)):
            exposes = _DISKS_AND_MEMORY.fullmatch(normpath(each.partition(":")[0]))
            yield IsolationGap(f"{key}[{index}]", what, each, _ROOT if exposes else "")


def texts(value: Any) -> list[str]:
    """The entries of a list as texts; empty if the value is not a list."""
    return [str(each) for each in value] if isinstance(value, list) else []
