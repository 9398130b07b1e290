"""The directories of the sandbox, and the files of its stacks."""

import os
import shutil
from pathlib import Path

from sandbox.errors import SandboxError

CHECKOUT = Path(__file__).resolve().parent.parent
STACKS = CHECKOUT / "stacks"

ANOTHER_PLACE = "set SANDBOX_DIR to another directory"


def sandbox_directory() -> Path:
    """Return the directory of all state: `SANDBOX_DIR`, by default `.sandbox` in the checkout."""
    return Path(os.environ.get("SANDBOX_DIR") or CHECKOUT / ".sandbox").absolute()


def engine_directory() -> Path:
    """Return the directory of engines: `SANDBOX_ENGINE_DIR`, by default `engine` in the sandbox's directory.

    It lets several sandboxes share one engine.
    """
    return Path(os.environ.get("SANDBOX_ENGINE_DIR") or sandbox_directory() / "engine").absolute()


def go_directory() -> Path:
    """Return the directory of Go's caches: `go` in the sandbox's directory."""
    return sandbox_directory() / "go"


def stack_file(stack: str) -> Path:
    """Return the configuration file of a stack, by its name with or without organisation and project."""
    path = STACKS / f"Pulumi.{stack.rpartition('/')[2]}.yaml"
    if not path.exists():
        known = ", ".join(sorted(each.name.split(".")[1] for each in STACKS.glob("Pulumi.*.yaml")))
        raise SandboxError(f"there is no stack {stack!r} in {STACKS.name}/; there are: {known}")
    return path


def make_writable(directory: Path) -> None:
    """Create the directory of all state; `SandboxError` if it cannot be created or is not writable."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise SandboxError(f"{directory} is not a directory; {ANOTHER_PLACE}") from None
    except OSError as error:
        raise SandboxError(f"{directory} cannot be made: {error.strerror}; {ANOTHER_PLACE}") from None
    if not os.access(directory, os.W_OK | os.X_OK):
        raise SandboxError(f"{directory} cannot be written to; {ANOTHER_PLACE}")


def require_room(directory: Path, megabytes: int, purpose: str) -> None:
    """Raise `SandboxError` if the disk of a directory lacks the space that a purpose needs."""
    free = shutil.disk_usage(directory).free // 1024**2
    if free < megabytes:
        raise SandboxError(
            f"the disk of {directory} is full: {purpose} needs {megabytes} MB, {free} MB are free. "
            f"Free some, or {ANOTHER_PLACE}"
        )
