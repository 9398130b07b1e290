"""The type of a measurement, and the timing of commands."""

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError

LONGEST_S = 300.0
"""The timeout of one command, in seconds."""


@dataclass(frozen=True)
class Measure:
    """A measurement.

    Attributes:
        name: the key in `results.json`.
        unit: the unit of its value, such as `s`.
        description: the description in the table.
        take: runs it once, and returns the value; raises `SandboxError` if it fails.
    """

    name: str
    unit: str
    description: str
    take: Callable[[], float]


@dataclass(frozen=True)
class Timed:
    """The duration and the output of a command."""

    seconds: float
    output: str


def timed(command: Sequence[str], directory: Path, environment: Mapping[str, str]) -> Timed:
    """Run a command, and measure its duration.

    Raises:
        SandboxError: it failed, or took longer than `LONGEST_S`.
    """
    started = time.monotonic()
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=LONGEST_S,
        )
    except subprocess.CalledProcessError as failed:
        raise SandboxError(f"`{' '.join(command)}` failed:\n{failed.stdout}{failed.stderr}") from None
    except subprocess.TimeoutExpired:
        raise SandboxError(f"`{' '.join(command)}` took longer than {LONGEST_S:g} s") from None
    return Timed(time.monotonic() - started, done.stdout)


def program(name: str, package: str) -> str:
    """The path of a program.

    Raises:
        SandboxError: it is not installed.
    """
    found = shutil.which(name)
    if found is None:
        raise SandboxError(f"not installed: {name}, which Debian has as {package}")
    return found
