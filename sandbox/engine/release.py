"""Which engine is needed, and what one is."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError

VERSION = (3, 258, 0)
VERSION_TEXT = ".".join(map(str, VERSION))
VERSION_TIMEOUT_S = 60


@dataclass(frozen=True)
class Engine:
    """A Pulumi engine with its language host for Python."""

    command: Path
    """The `pulumi` executable."""
    origin: str
    """Where it came from: "on PATH", "downloaded" or "built"."""


class WayFailedError(SandboxError):
    """One way to an engine did not work out; the message says why, in one line."""


class EngineUnavailableError(SandboxError):
    """No way led to an engine; the message lists each one tried, and what to install.

    Args:
        message: the whole of it, over several lines.
        reasons: only why each way failed, in one line.
    """

    def __init__(self, message: str, reasons: str) -> None:
        super().__init__(message)
        self.reasons = reasons


def version_of(command: Path) -> tuple[int, int, int]:
    """Return the version that a `pulumi` executable states when it is run.

    Raises:
        WayFailedError: it cannot be run, or states no version.
    """
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
    """Check that an executable of ours is the pinned version.

    Raises:
        WayFailedError: it is another one.
    """
    version = version_of(command)
    if version != VERSION:
        raise WayFailedError(
            f"{command.name} is {'.'.join(map(str, version))}, but {VERSION_TEXT} was asked for"
        )
