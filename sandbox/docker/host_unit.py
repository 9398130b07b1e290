"""The unit of a runner host's manager, as far as the sandbox starts its process as the unit would."""

UNIT = "etc/systemd/system/gitlab-runner.service.d/10-runner-host.conf"
"""Where it lies, below the root."""


def unit_environment(text: str) -> dict[str, str]:
    """The environment that a unit gives its process."""
    given = [
        line.removeprefix("Environment=") for line in text.splitlines() if line.startswith("Environment=")
    ]
    return dict(line.split("=", 1) for line in given)
