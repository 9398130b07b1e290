"""What a measure is, and the clock that all of them use."""

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError

LONGEST_S = 300.0
"""How long one command may take: a measure that hangs ends."""


@dataclass(frozen=True)
class Measure:
    """Something that is measured.

    Attributes:
        name: under which `results.json` has it.
        unit: of its value, such as `s`.
        description: for the table.
        take: measures it once; raises `SandboxError` when it cannot.
    """

    name: str
    unit: str
    description: str
    take: Callable[[], float]


@dataclass(frozen=True)
class Timed:
    """What a command printed, and how long it took."""

    seconds: float
    output: str


def timed(command: Sequence[str], directory: Path, environment: Mapping[str, str]) -> Timed:
    """Run a command to its end.

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
    """Where a program is.

    Raises:
        SandboxError: it is not installed.
    """
    found = shutil.which(name)
    if found is None:
        raise SandboxError(f"not installed: {name}, which Debian has as {package}")
    return found
