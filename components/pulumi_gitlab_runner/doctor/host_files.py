"""The files of a runner host, on a disk or only declared."""

import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pulumi_gitlab_runner.auth.resolution.config_file import ConfigFile


class HostFiles(Protocol):
    """The files of a host, by their absolute paths on the host."""

    @property
    def is_this_host(self) -> bool:
        """Whether these are the local machine's files."""
        ...

    def read(self, path: str) -> ConfigFile:
        """A file, with its text, or the reason why it cannot be read."""
        ...

    def names(self, directory: str) -> list[str]:
        """The names in a directory, sorted. Empty if it does not exist or cannot be listed."""
        ...

    def mode(self, path: str) -> int | None:
        """The permission bits of a file; None if it does not exist, or if they are unknown."""
        ...


def names_below(directory: str, paths: Iterable[str]) -> list[str]:
    """The names in a directory that contains some of these paths, sorted."""
    prefix = directory.strip("/") + "/"
    below = (path.lstrip("/") for path in paths)
    return sorted({path.removeprefix(prefix).partition("/")[0] for path in below if path.startswith(prefix)})


@dataclass(frozen=True)
class FilesOnDisk:
    """The files of this host, with the root directory ``/``, or of another host's tree."""

    root: Path

    @property
    def is_this_host(self) -> bool:
        """Whether these are the local machine's files."""
        return self.root.resolve() == Path("/")

    def place(self, path: str) -> Path:
        """The local path of a file of the host."""
        return self.root / path.lstrip("/")

    def read(self, path: str) -> ConfigFile:
        """A file, with its text, or the reason why it cannot be read."""
        try:
            return ConfigFile(path, self.place(path).read_text(encoding="utf-8", errors="replace"))
        except (FileNotFoundError, NotADirectoryError):
            return ConfigFile(path)
        except OSError as error:
            return ConfigFile(path, problem=(error.strerror or "it cannot be read").lower())

    def mode(self, path: str) -> int | None:
        """The permission bits of a file; None if it does not exist."""
        try:
            return stat.S_IMODE(self.place(path).stat().st_mode)
        except OSError:
            return None

    def names(self, directory: str) -> list[str]:
        """The names in a directory, sorted. Empty if it does not exist or cannot be listed."""
        try:
            return sorted(each.name for each in self.place(directory).iterdir())
        except OSError:
            return []


@dataclass(frozen=True)
class DeclaredFiles:
    """The files that a stack declares for a host.

    Attributes:
        files: the contents, by the path below the root directory.
    """

    files: Mapping[str, str]
    is_this_host = False

    def read(self, path: str) -> ConfigFile:
        """A file, with its text if it exists."""
        return ConfigFile(path, self.files.get(path.lstrip("/")))

    def names(self, directory: str) -> list[str]:
        """The names in a directory, sorted."""
        return names_below(directory, self.files)

    def mode(self, _path: str) -> None:
        """None: the modes are unknown."""
