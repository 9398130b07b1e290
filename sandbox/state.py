"""The state of a stack in the sandbox: check it before the engine reads it, and repair it if that is safe.

The engine keeps state in files (pulumi/pulumi, pkg/backend/diy): the checkpoint `stacks/PROJECT/STACK.json`,
its backup `STACK.json.bak`, an `.attrs` file for each of its files, and a lock during an update. A killed
engine leaves its lock, and sometimes an empty `.attrs`, which makes its file unreadable; a full disk
truncates files.
"""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError

ENGINE = "pulumi"
"""The process name of an engine."""
LOCAL_HOST = socket.gethostname()


@dataclass(frozen=True)
class Lock:
    """The lock of an engine on a stack during an update.

    Attributes:
        file: the lock file.
        pid: the process id of the engine.
        user: the user who runs it.
        host: the host name of its machine.
        since: the time of the lock, in the engine's format.
    """

    file: Path
    pid: int
    user: str
    host: str
    since: str

    @property
    def is_local(self) -> bool:
        """Whether its engine is or was on this machine."""
        return self.host == LOCAL_HOST

    @property
    def is_held(self) -> bool:
        """Whether its engine may be running; always for an engine on another machine."""
        return not self.is_local or _is_engine(self.pid)

    def __str__(self) -> str:
        where = "" if self.is_local else f" on {self.host}"
        return f"process {self.pid} of {self.user}{where}, since {self.since[:19].replace('T', ' ')}"


class StackState:
    """The files of a stack.

    Args:
        directory: the state directory of the sandbox, which contains `.pulumi`.
        stack: the stack's name.
    """

    def __init__(self, directory: Path, stack: str) -> None:
        self.directory = directory / ".pulumi"
        self.stack = stack

    def locks(self) -> list[Lock]:
        """The locks on the stack, without unreadable lock files, which the engine failed to write."""
        return [lock for file in self._lock_files() if (lock := _lock(file))]

    def repair(self) -> list[str]:
        """Repair the files that an ended engine left broken; return a line for each repair.

        While an engine holds a lock, only stale locks are removed.

        Raises:
            SandboxError: neither the checkpoint nor its backup is readable; the message says what to delete.
        """
        done = []
        for file in self._lock_files():
            lock = _lock(file)
            if lock is None or not lock.is_held:
                _remove(file)
                what = f"the lock of an engine that has ended ({lock})" if lock else f"{file}, a cut-off lock"
                done.append(f"Removed {what}.")
        if self.locks():
            return done
        for attributes in self._attributes():
            if not _is_json(attributes):
                attributes.unlink(missing_ok=True)
                done.append(f"Removed {attributes}, which an engine that was killed left empty.")
        meta = self.directory / "meta.yaml"
        if meta.exists() and "version" not in meta.read_text(errors="replace"):
            _remove(meta)
            done.append(f"Removed {meta}, which was not written to its end; the engine writes it again.")
        for checkpoint in self._checkpoints():
            if not _is_json(checkpoint):
                done.append(self._restore(checkpoint))
        return done

    def _restore(self, checkpoint: Path) -> str:
        """Replace a checkpoint with its backup, atomically."""
        backup = checkpoint.with_name(f"{checkpoint.name}.bak")
        if not _is_json(backup):
            raise SandboxError(
                f"the state of the stack {self.stack} cannot be read, and neither can its backup: the disk "
                "was full, or the machine stopped, while both were written. What the stack made exists in "
                "the sandbox's services alone; start again:\n"
                f"  ./dev stop && rm {checkpoint}* && ./dev up {self.stack}"
            )
        restored = checkpoint.with_name(f"{checkpoint.name}.restored")
        shutil.copyfile(backup, restored)
        checkpoint.with_name(f"{checkpoint.name}.attrs").unlink(missing_ok=True)
        restored.replace(checkpoint)
        return (
            f"Restored the state of the stack {self.stack} from its backup, which is one step older: the "
            "disk was full, or the machine stopped, while it was written. If `up` says that something exists "
            "already, `./dev stop` empties the services, and the next `up` makes all of it."
        )

    def _checkpoints(self) -> list[Path]:
        return sorted((self.directory / "stacks").glob(f"*/{self.stack}.json"))

    def _attributes(self) -> Iterator[Path]:
        yield from self.directory.glob("*.attrs")
        yield from (self.directory / "stacks").glob("*/*.attrs")
        yield from (self.directory / "history").glob(f"*/{self.stack}/*.attrs")

    def _lock_files(self) -> list[Path]:
        return sorted((self.directory / "locks").glob(f"*/*/{self.stack}/*.json"))


def _lock(file: Path) -> Lock | None:
    try:
        content = json.loads(file.read_bytes())
        return Lock(file, content["pid"], content["username"], content["hostname"], content["timestamp"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.with_name(f"{file.name}.attrs").unlink(missing_ok=True)


def _is_json(file: Path) -> bool:
    try:
        json.loads(file.read_bytes())
    except (FileNotFoundError, ValueError):
        return False
    return True


def _is_engine(pid: int) -> bool:
    """Whether a process of this machine is an engine; the id of an ended one may be reused."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/comm").read_text().strip() == ENGINE
        return False
    command = ["ps", "-o", "comm=", "-p", str(pid)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return Path(answer.stdout.strip()).name == ENGINE
