"""The engine installed on the machine: `pulumi` on PATH."""

import contextlib
import json
import shutil
from pathlib import Path

from sandbox.engine.release import VERSION, VERSION_TEXT, Engine, WayFailedError, version_of


def find(memory: Path) -> Engine:
    """Return the engine on PATH if it is new enough and can run Python.

    `pulumi version` takes a third of a second; so its result is cached in the file `memory` until the
    executable changes.

    Raises:
        WayFailedError: not found, too old, of another major version, or without a language host.
    """
    found = shutil.which("pulumi")
    if found is None:
        raise WayFailedError("no `pulumi` there")
    command = Path(found)
    version = _remembered_version(command, memory)
    stated = ".".join(map(str, version))
    if version[0] != VERSION[0] or version < VERSION:
        raise WayFailedError(f"{command} is {stated}; needed is {VERSION_TEXT} or a newer {VERSION[0]}.x")
    engine = Engine(command, "on PATH")
    if not engine.runs("python"):
        raise WayFailedError(f"{command} has no pulumi-language-python beside it or on PATH")
    return engine


def _remembered_version(command: Path, memory: Path) -> tuple[int, ...]:
    status = command.stat()
    identity = [str(command), status.st_size, status.st_mtime_ns]
    try:
        remembered = json.loads(memory.read_text())
        if remembered["identity"] == identity:
            return tuple(remembered["version"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not cached yet, or unreadable
    version = version_of(command)
    with contextlib.suppress(OSError):  # a shared engine's directory may be read-only
        memory.parent.mkdir(parents=True, exist_ok=True)
        memory.write_text(json.dumps({"identity": identity, "version": version}))
    return version
