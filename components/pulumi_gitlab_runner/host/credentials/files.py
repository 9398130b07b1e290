"""The directory of the credentials, in memory."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path

DIRECTORY = "/run/gitlab-runner-credentials"
"""The directory on a runner host."""
TEMPORARY = ".new-"
"""The prefix of the names of temporary files."""


class Files:
    """The directory with the configuration and the state, which belongs to root.

    Args:
        directory: the directory, in memory; created if it does not exist.

    Raises:
        OSError: the path is a link, or belongs to another user.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        with contextlib.suppress(FileExistsError):
            directory.mkdir(mode=0o700)
        status = directory.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            raise NotADirectoryError(f"{directory} is not a directory of this user's own")
        directory.chmod(0o700)
        for left in directory.glob(f"{TEMPORARY}*"):  # of a process that was killed
            shutil.rmtree(left) if left.is_dir() else left.unlink()

    def read(self, name: str) -> str:
        """The text of a file; empty if it cannot be read."""
        try:
            return self._path(name).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return ""

    def write(self, name: str, text: str) -> None:
        """Replace a file atomically: a reader sees the old file or the new one.

        Without space for both, the old file is deleted first: removed credentials must not stay in it.

        Raises:
            OSError: the file cannot be written.
        """
        try:
            self._replace(name, text)
        except OSError as error:
            if error.errno != errno.ENOSPC or len(text.encode()) > self.mark(name)[2]:
                raise
            self._path(name).unlink()
            self._replace(name, text)

    def _replace(self, name: str, text: str) -> None:
        descriptor, path = tempfile.mkstemp(dir=self._directory, prefix=TEMPORARY)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            Path(path).replace(self._path(name))
        except BaseException:
            with contextlib.suppress(OSError):
                Path(path).unlink()
            raise

    def mark(self, name: str) -> tuple[int, int, int]:
        """A value that changes when any process changes the file."""
        try:
            status = self._path(name).lstat()
        except OSError:
            return (0, 0, 0)
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _path(self, name: str) -> Path:
        return self._directory / name
