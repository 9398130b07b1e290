"""Rules for the isolation of jobs."""

import re
from collections.abc import Iterator

from .files import RUNNER_FILES, runner_files
from .rule import Resource, Rule

_LINE = r'(?:^|\\n|")[ \t]*'
"""The start of a setting: a line of a config.toml, which may itself be a string in JSON."""
PRIVILEGED = re.compile(
    rf"{_LINE}privileged[ \t]*=[ \t]*true\b|--docker-privileged(?![-=\w]|[ \t]+[\"']?false)", re.MULTILINE
)
_SOCKET = r"(?:docker|containerd|podman|crio)\.sock\b"
ENGINE_SOCKET = re.compile(
    rf"{_LINE}volumes[ \t]*=[ \t]*\[[^\]]*{_SOCKET}"
    rf"|{_LINE}host_path[ \t]*=[ \t]*[^\n]*{_SOCKET}"
    rf"|--docker-volumes[= \t]+[^\s]*{_SOCKET}",
    re.MULTILINE,
)


def privileged(resource: Resource) -> Iterator[str]:
    """Source: docs.gitlab.com/runner/security (privileged mode)."""
    if any(PRIVILEGED.search(text) for text in runner_files(resource)):
        yield (
            "It contains a config.toml with privileged = true: every job is root on the host, with its "
            "role's credentials. Build images without it (BuildKit rootless, Buildah), or isolate such "
            "runners."
        )


def engine_socket(resource: Resource) -> Iterator[str]:
    """Source: docs.gitlab.com/ci/docker/using_docker_build (Docker socket binding)."""
    if any(ENGINE_SOCKET.search(text) for text in runner_files(resource)):
        yield (
            "It mounts the socket of the container engine into every job: a job can start a privileged "
            "container, read the data of other jobs, and is root on the host. Remove it from volumes; build "
            "images without it (BuildKit rootless, Buildah)."
        )


NO_PRIVILEGED_RUNNER = Rule(
    "no-privileged-runner",
    "No runner starts privileged containers.",
    RUNNER_FILES,
    privileged,
    only_warns=True,
)
NO_ENGINE_SOCKET = Rule(
    "no-engine-socket",
    "No runner mounts the socket of its container engine into jobs.",
    RUNNER_FILES,
    engine_socket,
)
