"""A runner host in a directory, on which its real scripts run."""

import subprocess
from pathlib import Path

from pulumi_gitlab_runner.host import scripts

from tests.host.commands import Commands

SCRIPTS = Path(scripts.__file__).parent
SETTINGS = {
    "BUCKET": "the-bucket",
    "KEY": "build/files.json",
    "REGION": "eu-west-1",
    "TOKENS": "/the/tokens",
    "RUNNER_VERSION": "19.3.0",
    "LAUNCH_HOOK": "the-launch-hook",
    "LIFECYCLE_HOOK": "the-hook",
}


class ScriptHost:
    """The root, the settings and the commands of a host."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "root"
        (self.root / "run").mkdir(parents=True)
        self.report()
        settings = directory / "settings"
        settings.write_text("".join(f"{name}={value}\n" for name, value in SETTINGS.items()))
        self.commands = Commands(directory)
        self.commands.add("logger", "")
        self.environment = {
            "PATH": f"{self.commands.directory}:/usr/bin:/bin",
            "RUNNER_HOST_ROOT": str(self.root),
            "RUNNER_HOST_SETTINGS": str(settings),
            "RUNNER_HOST_LIBRARY": str(SCRIPTS / "gitlab-runner-host.sh"),
        }

    def report(self, **to: str) -> None:
        """Set where the scripts report to: `LOG_GROUP`, `HEALTH_OF`. Default: nowhere."""
        reporting = self.root / "etc" / "gitlab-runner" / "reporting"
        reporting.parent.mkdir(parents=True, exist_ok=True)
        reporting.write_text("".join(f"{name}={to.get(name, '')}\n" for name in ("LOG_GROUP", "HEALTH_OF")))

    def run(self, script: str, shell: list[str], *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script of the host under a shell."""
        return subprocess.run(
            [*shell, str(SCRIPTS / script), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def logged(self) -> list[str]:
        """The messages of the scripts in the journal: priority and text."""
        return [
            line.split(" daemon.", 1)[1].replace(" -- ", ": ", 1) for line in self.commands.calls("logger")
        ]
