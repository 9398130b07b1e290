"""Commands that replace those of a runner host and record their calls."""

import shutil
from pathlib import Path

SHELLS = [[path] for name in ("dash", "bash") if (path := shutil.which(name))]
"""Without BusyBox's, which runs its own programs before those on the PATH."""


class Commands:
    """A directory for the PATH of a script under test."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "commands"
        self.directory.mkdir()
        self._calls = directory / "calls"
        self._calls.touch()

    def add(self, name: str, body: str, *, recorded: bool = True) -> Path:
        """Add a command with this shell script."""
        path = self.directory / name
        record = f'printf "%s\\n" "{name} $*" >>{self._calls}\n' if recorded else ""
        path.write_text(f"#!/bin/sh\n{record}{body}\n")
        path.chmod(0o755)
        return path

    def remove(self, name: str) -> None:
        """Remove a command."""
        (self.directory / name).unlink()

    def calls(self, name: str = "") -> list[str]:
        """The command lines so far, of one command or of all."""
        return [line for line in self._calls.read_text().splitlines() if line.startswith(f"{name} ".lstrip())]

    def forget(self) -> None:
        """Clear the calls so far."""
        self._calls.write_text("")
