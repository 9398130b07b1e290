"""The Docker CLI that builds with BuildKit."""

import os
import re
import subprocess
from functools import cache
from pathlib import Path

from sandbox.standin.provider import Refused

_WITHOUT_PLUGIN = 23
"""The first major version that needs the buildx plugin: docs.docker.com/engine/release-notes/23.0."""


@cache
def docker_command() -> str:
    """The first `docker` on PATH that can build with BuildKit.

    Raises:
        Refused: not found.
    """
    places = [Path(each, "docker") for each in os.get_exec_path()]
    found = [str(each) for each in places if os.access(each, os.X_OK)]
    for command in found:
        version = re.search(r"version (\d+)\.", _printed(command, "--version"))
        if (version and int(version[1]) < _WITHOUT_PLUGIN) or _printed(command, "buildx", "version"):
            return command
    raise Refused(
        "no Docker command line that builds with BuildKit: "
        + (f"{', '.join(found)} would need the plugin buildx" if found else "docker is not installed")
    )


def _printed(*command: str) -> str:
    """The output of a command; empty if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return done.stdout if done.returncode == 0 else ""
