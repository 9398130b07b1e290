"""Rules for what Docker refuses of a container, so that every job fails.

Source: daemon/daemon_unix.go and volume/mounts of github.com/moby/moby.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_gitlab_runner.config.docker import DockerConfig
from pulumi_gitlab_runner.config.finding import Finding, error
from pulumi_gitlab_runner.config.forms import MEMORY, ram_bytes

_LEAST_MEMORY = 6 * 1024**2
_ULIMITS = (
    *("as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss"),
    *("rtprio", "rttime", "sigpending", "stack"),
)
"""The limits of getrlimit(2); Docker has no `as`, but its runtime does."""


def check_containers(docker: DockerConfig, path: str) -> Iterator[Finding]:
    """Find settings with which Docker creates no container."""
    yield from _memory(docker, path, "")
    yield from _memory(docker, path, "service_")
    for name in docker.get("ulimit", {}):
        if name not in _ULIMITS:
            allowed = ", ".join(f"`{each}`" for each in _ULIMITS)
            yield error(f"{path}.ulimit.{name}", "the limit is not known", f"allowed are {allowed}")
    for key in ("tmpfs", "services_tmpfs"):
        mounts: Mapping[str, str] = docker.get(key, {})  # type: ignore[assignment]
        for mount in mounts:
            if not mount.startswith("/") or not mount.strip("/"):
                yield error(f"{path}.{key}", f"`{mount}` is not a path in the container", "write `/PATH`")


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
