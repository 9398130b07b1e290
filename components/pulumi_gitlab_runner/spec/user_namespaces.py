"""User namespaces (`userns-remap`): root in a job's container is an unprivileged user of the host.

The settings that Docker refuses with user namespaces: moby, daemon/daemon_unix.go,
verifyPlatformContainerSettings; their limitations: docs.docker.com/engine/security/userns-remap, "User
namespace known limitations".
"""

from collections.abc import Iterator

from pulumi_gitlab_runner.config.docker import DockerConfig
from pulumi_gitlab_runner.spec.problems import Problem, join_path

_WHY = "'user_namespaces' of its host: root in a job is not root on the host"
_AS_IF_ROOT = {
    "privileged": (True, "a privileged job is root on the host"),
    "services_privileged": (True, "a privileged service is root on the host"),
    "network_mode": ("host", "Docker does not share the host's network with a user namespace"),
    "pid_mode": ("host", "Docker does not share the host's processes with a user namespace"),
    "userns_mode": ("host", "it disables the user namespaces of jobs"),
}
"""Keys of `[runners.docker]`, with the value that does not work and the reason."""


def user_namespace_problems(docker: DockerConfig, path: str) -> Iterator[Problem]:
    """The problems of settings that do not work with user namespaces."""
    for key, (refused, why) in _AS_IF_ROOT.items():
        if docker.get(key) == refused:
            yield Problem(join_path(path, key), f"{refused!r}, together with {_WHY}", "one of the two", why)
    if "cache_dir" in docker:
        why = "a directory of the host belongs to the host's root, so jobs could not write to it"
        yield Problem(join_path(path, "cache_dir"), f"a directory, together with {_WHY}", "a volume", why)
    for index, volume in enumerate(docker.get("volumes", ())):
        source, _, rest = volume.partition(":")
        if not source.startswith("/") or not rest:
            continue
        at = join_path(path, "volumes", index)
        if source.endswith(".sock"):
            why = "only the host's root and its group may use the socket"
        elif "ro" not in rest.split(":")[-1].split(","):
            why = "its files belong to the host's root, so jobs could not write to them; read-only, it works"
        else:
            continue
        yield Problem(
            at, f"{volume!r}, a path of the host, together with {_WHY}", "a volume, or PATH:PATH:ro", why
        )
