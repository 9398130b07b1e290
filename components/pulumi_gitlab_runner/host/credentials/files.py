"""The directory in memory that the credentials are in."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path

DIRECTORY = "/run/gitlab-runner-credentials"
"""Where a runner host has them."""
TEMPORARY = ".new-"
"""The prefix of the names of temporary files."""


class Files:
    """root's directory with the configuration and the state, in memory if the caller chose so.

    Args:
        directory: made when it is not there.

    Raises:
        OSError: it is a link, or somebody else's.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        with contextlib.suppress(FileExistsError):
            directory.mkdir(mode=0o700)
        status = directory.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            raise NotADirectoryError(f"{directory} is not a directory of this user's own")
        directory.chmod(0o700)
        for left in directory.glob(f"{TEMPORARY}*"):  # by one that was killed
            shutil.rmtree(left) if left.is_dir() else left.unlink()

    def read(self, name: str) -> str:
        """The text of a file; empty where there is none."""
        try:
            return self._path(name).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return ""

    def write(self, name: str, text: str) -> None:
        """Replace a file atomically: a reader sees the old one or the new one.

        Where there is no room for both, the old one goes first: what was removed must not stay.

        Raises:
            OSError: it cannot be written.
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
        """A value that changes with the file, also by another process."""
        try:
            status = self._path(name).lstat()
        except OSError:
            return (0, 0, 0)
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _path(self, name: str) -> Path:
        return self._directory / name
