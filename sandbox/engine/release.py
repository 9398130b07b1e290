"""The required version of the engine, and its type."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError

VERSION = (3, 258, 0)
VERSION_TEXT = ".".join(map(str, VERSION))
VERSION_TIMEOUT_S = 60
INSTALL = "https://www.pulumi.com/docs/install/"
"""Where users get an engine."""


@dataclass(frozen=True)
class Engine:
    """A Pulumi engine with its language host for Python."""

    command: Path
    """The `pulumi` executable."""
    origin: str
    """Its origin: "on PATH", "downloaded" or "built"."""

    def runs(self, language: str) -> bool:
        """Return whether it finds a host for a language: beside it, or on PATH."""
        name = f"pulumi-language-{language}"
        beside = (self.command.parent / name, self.command.resolve().parent / name)
        return any(path.is_file() for path in beside) or shutil.which(name) is not None


class WayFailedError(SandboxError):
    """One of the ways to get an engine failed; the message is one line."""


class EngineUnavailableError(SandboxError):
    """Every way to get an engine failed; the message lists the reasons, `reasons` has them in one line."""

    def __init__(self, message: str, reasons: str) -> None:
        super().__init__(message)
        self.reasons = reasons


def version_of(command: Path) -> tuple[int, int, int]:
    """Return the version that `pulumi version` prints; `WayFailedError` if it prints none."""
    try:
        answer = subprocess.run(
            [command, "version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise WayFailedError(f"{command} cannot be run: {error}") from error
    match = re.match(r"v(\d+)\.(\d+)\.(\d+)", answer.stdout.strip())
    if match is None:
        raise WayFailedError(f"{command} states no version: {answer.stdout.strip()[:80]!r}")
    major, minor, patch = map(int, match.groups())
    return major, minor, patch


def require_version(command: Path) -> None:
    """Raise `WayFailedError` unless a downloaded or built executable has the pinned version."""
    version = version_of(command)
    if version != VERSION:
        raise WayFailedError(
            f"{command.name} is {'.'.join(map(str, version))}, but {VERSION_TEXT} was asked for"
        )
