"""The unmodified scripts, units and Python modules of a runner host, and the settings that scripts read."""

import shlex
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from pulumi_gitlab_runner.host import credentials


def script(name: str) -> str:
    """The text of a script or unit, such as `gitlab-runner-apply.sh`."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def shell_settings(settings: Mapping[str, str]) -> str:
    """Lines of a shell script, each of which sets a variable."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())


def credential_service_directory() -> Path:
    """The directory of the modules of `gitlab-runner-credentials`."""
    return Path(credentials.__file__).parent


def credential_service() -> dict[str, str]:
    """The modules of `gitlab-runner-credentials`, by their file names."""
    modules = (each for each in files(credentials).iterdir() if each.name.endswith(".py"))
    return {
        each.name: each.read_text(encoding="utf-8") for each in sorted(modules, key=lambda each: each.name)
    }
