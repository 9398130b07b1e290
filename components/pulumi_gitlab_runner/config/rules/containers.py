"""Rules for what Docker refuses of a container, so that every job fails.

Source: daemon/daemon_unix.go and volume/mounts of github.com/moby/moby.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_gitlab_runner.config.docker import DockerConfig
from pulumi_gitlab_runner.config.finding import Finding, error
from pulumi_gitlab_runner.config.forms import MEMORY, ULIMIT, ram_bytes
from pulumi_gitlab_runner.runner_version import RunnerVersion

_SPACES_IN_PATHS = RunnerVersion(19, 3)
_UNLIMITED = -1
_LEAST_MEMORY = 6 * 1024**2
_ULIMITS = (
    *("as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss"),
    *("rtprio", "rttime", "sigpending", "stack"),
)
"""The limits of getrlimit(2); Docker has no `as`, but its runtime does."""


def check_containers(docker: DockerConfig, path: str, version: RunnerVersion) -> Iterator[Finding]:
    """Find settings with which Docker creates no container."""
    yield from _memory(docker, path, "")
    yield from _memory(docker, path, "service_")
    yield from _ulimits(docker.get("ulimit", {}), f"{path}.ulimit")
    yield from _volumes(docker.get("volumes", []), f"{path}.volumes", version)
    for key in ("tmpfs", "services_tmpfs"):
        mounts: Mapping[str, str] = docker.get(key, {})  # type: ignore[assignment]
        for mount in mounts:
            if not mount.startswith("/") or not mount.strip("/"):
                yield error(f"{path}.{key}", f"`{mount}` is not a path in the container", "write `/PATH`")


def _ulimits(limits: Mapping[str, str], path: str) -> Iterator[Finding]:
    for name, limit in limits.items():
        at = f"{path}.{name}"
        if name not in _ULIMITS:
            allowed = ", ".join(f"`{each}`" for each in _ULIMITS)
            yield error(at, "the limit is not known", f"allowed are {allowed}")
        elif ULIMIT.accepts(limit):
            soft, *others = map(int, limit.split(":"))
            hard = others[0] if others else soft
            if hard not in (soft, _UNLIMITED) and (soft > hard or soft == _UNLIMITED):
                yield error(at, f"the soft limit of `{limit}` is above the hard limit", "swap the two")


def _volumes(volumes: list[str], path: str, version: RunnerVersion) -> Iterator[Finding]:
    """Paths with spaces, which earlier releases refuse; the name of a volume may have them."""
    if version >= _SPACES_IN_PATHS:
        return
    for index, volume in enumerate(volumes):
        if any(part.startswith("/") and " " in part for part in volume.split(":")):
            found = f"GitLab Runner {version} refuses a space in the path of `{volume}`"
            fix = f"use a path without spaces, or declare runner version {_SPACES_IN_PATHS} or later"
            yield error(f"{path}[{index}]", found, fix)


def _memory(docker: Mapping[str, Any], path: str, prefix: str) -> Iterator[Finding]:
    """The limits of memory that Docker refuses; a text that is not a size is a separate finding."""
    names = {each: f"{prefix}{each}" for each in ("memory", "memory_swap", "memory_reservation")}
    texts = {each: docker.get(name, "") for each, name in names.items()}
    memory, swap, reservation = (ram_bytes(text) if MEMORY.accepts(text) else 0 for text in texts.values())
    for name, size in (("memory", memory), ("memory_reservation", reservation)):
        if 0 < size < _LEAST_MEMORY:
            yield error(f"{path}.{names[name]}", f"`{texts[name]}` is too small", "allowed is `6m` or more")
    if swap and not memory:
        found = f"the limit is of memory and swap together, and `{names['memory']}` is missing"
        yield error(f"{path}.{names['memory_swap']}", found, f"set `{names['memory']}` too")
    elif 0 < swap < memory:
        found = f"`{texts['memory_swap']}` is less than `{names['memory']}`, which is part of it"
        yield error(f"{path}.{names['memory_swap']}", found, f"allowed is `{texts['memory']}` or more")
    if 0 < memory < reservation:
        found = f"`{texts['memory_reservation']}` is more than `{names['memory']}`"
        yield error(f"{path}.{names['memory_reservation']}", found, f"allowed is `{texts['memory']}` or less")
