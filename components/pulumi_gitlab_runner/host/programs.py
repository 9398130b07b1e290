"""The programs of a runner host, and the units that run them.

They come with the host's files, so that a newer one reaches a running host. Those that it takes to fetch
these files come with its user data too. A fleet's worker fetches no files: all of its programs come with
its user data.
"""

from pulumi_gitlab_runner.host.scripts import script

_PROGRAMS = "usr/local/sbin"
_UNITS = "etc/systemd/system"

FETCHING = {
    "usr/local/lib/gitlab-runner-host.sh": "gitlab-runner-host.sh",
    f"{_PROGRAMS}/gitlab-runner-apply": "gitlab-runner-apply.sh",
}
"""The script that fetches a host's files, by its path below the root."""

PRUNING = {
    "usr/local/lib/gitlab-runner-host.sh": "gitlab-runner-host.sh",
    f"{_PROGRAMS}/gitlab-runner-prune": "gitlab-runner-prune.sh",
    f"{_UNITS}/gitlab-runner-prune.service": "gitlab-runner-prune.service",
    f"{_UNITS}/gitlab-runner-prune.timer": "gitlab-runner-prune.timer",
}
"""What removes the leftovers of jobs, by its path below the root. A fleet's workers have it too."""

PROGRAMS = {
    **FETCHING,
    **PRUNING,
    f"{_PROGRAMS}/gitlab-runner-credentials": "gitlab-runner-credentials.sh",
    f"{_PROGRAMS}/gitlab-runner-drain": "gitlab-runner-drain.sh",
    f"{_PROGRAMS}/gitlab-runner-firewall": "gitlab-runner-firewall.sh",
    f"{_PROGRAMS}/gitlab-runner-health": "gitlab-runner-health.sh",
    f"{_PROGRAMS}/gitlab-runner-logs": "gitlab-runner-logs.sh",
    f"{_PROGRAMS}/gitlab-runner-renew": "gitlab-runner-renew.sh",
    f"{_PROGRAMS}/gitlab-runner-turn": "gitlab-runner-turn.sh",
    **{
        f"{_UNITS}/{unit}": unit
        for unit in (
            "gitlab-runner-apply.service",
            "gitlab-runner-apply.timer",
            "gitlab-runner-credentials.service",
            "gitlab-runner-drain.service",
            "gitlab-runner-health.service",
            "gitlab-runner-health.timer",
            "gitlab-runner-logs.service",
            "gitlab-runner-logs.timer",
            "gitlab-runner-renew.service",
            "gitlab-runner-renew.timer",
        )
    },
}
"""Every script and unit, by its path below the root."""


def text_and_mode(path: str, name: str) -> tuple[str, str]:
    """The text of a script or unit, and its permissions at this path."""
    return script(name), "0755" if path.startswith(f"{_PROGRAMS}/") else "0644"
