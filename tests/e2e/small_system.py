"""A small file system with programs of this machine, for images that need a shell."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from sandbox.docker.archive import PROGRAM, archive
from sandbox.docker.runner_image import shared_libraries
from sandbox.errors import SandboxError

PROGRAMS = (
    "bash", "cat", "chmod", "cp", "dirname", "env", "getent", "grep", "hostname", "id", "ls", "mkdir", "mv",
    "rm", "sed", "sh", "sleep", "touch", "true", "uname",
)  # fmt: skip
"""The programs that the runner's scripts and a job's script need."""


def small_system(files: Mapping[str, str] | None = None, programs: Mapping[str, Path] | None = None) -> bytes:
    """A file system with a shell, as a tar archive.

    Args:
        files: additional scripts and texts, by their path relative to the root.
        programs: additional programs, by their path relative to the root.
    """
    own = {f"usr/bin/{name}": program(name) for name in PROGRAMS} | dict(programs or {})
    contents = {path: file.read_bytes() for path, file in (own | shared_libraries(own.values())).items()}
    contents |= {path: text.encode() for path, text in (files or {}).items()}
    all_files = {path: (content, PROGRAM) for path, content in contents.items()}
    return archive(all_files, directories=("tmp", "root", "etc"), directory_mode=0o777)


def program(name: str) -> Path:
    """The path of a program of this machine.

    Raises:
        SandboxError: it is not installed.
    """
    found = shutil.which(name)
    if found is None:
        raise SandboxError(f"not installed: {name}")
    return Path(found)
