"""A small file system of this machine's own programs, for images that need a shell."""

import io
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from sandbox.errors import SandboxError

PROGRAMS = (
    "bash", "cat", "chmod", "cp", "dirname", "env", "getent", "grep", "hostname", "id", "ls", "mkdir", "mv",
    "rm", "sed", "sh", "sleep", "touch", "true", "uname",
)  # fmt: skip
"""What the runner's scripts and a job's own need."""

_LIBRARY = re.compile(r"(/\S+) \(0x")


def small_system(files: Mapping[str, str] | None = None, programs: Mapping[str, Path] | None = None) -> bytes:
    """A file system with a shell, as an archive.

    Args:
        files: scripts and texts besides, by their path without the first slash.
        programs: programs besides, by the same.
    """
    own = {f"usr/bin/{name}": program(name) for name in PROGRAMS} | dict(programs or {})
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for directory in ("tmp", "root", "etc"):
            entry = tarfile.TarInfo(directory)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o777
            archive.addfile(entry)
        for path, file in (own | _libraries(own.values())).items():
            _add(archive, path, file.read_bytes())
        for path, text in (files or {}).items():
            _add(archive, path, text.encode())
    return content.getvalue()


def _add(archive: tarfile.TarFile, path: str, data: bytes) -> None:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = len(data), 0o755
    archive.addfile(entry, io.BytesIO(data))


def program(name: str) -> Path:
    """A program of this machine.

    Raises:
        SandboxError: it is not installed.
    """
    found = shutil.which(name)
    if found is None:
        raise SandboxError(f"not installed: {name}")
    return Path(found)


def _libraries(programs: Iterable[Path]) -> dict[str, Path]:
    """What programs are linked with, by their path; nothing for one that needs nothing."""
    listed = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False).stdout
    return {path.lstrip("/"): Path(path) for path in _LIBRARY.findall(listed)}
