"""The systemd unit of a runner host's manager: what the sandbox needs to start its process."""

UNIT = "etc/systemd/system/gitlab-runner.service.d/10-runner-host.conf"
"""The path of the unit's drop-in file, relative to the root."""


def unit_environment(text: str) -> dict[str, str]:
    """The environment variables that a unit sets."""
    given = [
        line.removeprefix("Environment=") for line in text.splitlines() if line.startswith("Environment=")
    ]
    return dict(line.split("=", 1) for line in given)
