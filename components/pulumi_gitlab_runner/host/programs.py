"""The programs of a runner host, and the units that run them.

They are among the host's files, so that a new version reaches a running host. The programs that fetch these
files are also in the user data. An instance of a fleet fetches no files: all its programs are in its user
data.
"""

from pulumi_gitlab_runner.host.scripts import script

_PROGRAMS = "usr/local/sbin"
_UNITS = "etc/systemd/system"

FETCHING = {
    "usr/local/lib/gitlab-runner-host.sh": "gitlab-runner-host.sh",
    f"{_PROGRAMS}/gitlab-runner-apply": "gitlab-runner-apply.sh",
}
"""The scripts that fetch a host's files, by their path below the root."""

PRUNING = {
    "usr/local/lib/gitlab-runner-host.sh": "gitlab-runner-host.sh",
    f"{_PROGRAMS}/gitlab-runner-prune": "gitlab-runner-prune.sh",
    f"{_UNITS}/gitlab-runner-prune.service": "gitlab-runner-prune.service",
    f"{_UNITS}/gitlab-runner-prune.timer": "gitlab-runner-prune.timer",
}
"""The programs that remove leftovers of jobs, by their path below the root; also on a fleet's instances."""

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
"""All scripts and units, by their path below the root."""


def text_and_mode(path: str, name: str) -> tuple[str, str]:
    """The text of a script or unit, and its permissions at this path."""
    return script(name), "0755" if path.startswith(f"{_PROGRAMS}/") else "0644"
