"""The unit of a runner host's manager: the parts that the sandbox needs to start its process."""

UNIT = "etc/systemd/system/gitlab-runner.service.d/10-runner-host.conf"
"""Its path below the root."""


def unit_environment(text: str) -> dict[str, str]:
    """The environment that a unit gives its process."""
    given = [
        line.removeprefix("Environment=") for line in text.splitlines() if line.startswith("Environment=")
    ]
    return dict(line.split("=", 1) for line in given)
