"""The fixtures of the doctor's tests."""

from pathlib import Path

import pytest
from pulumi_gitlab_runner.doctor import waiting

from tests.doctor.host_tree import Doctor, HostTree
from tests.host.commands import Commands
from tests.registry.fixtures import only_loopback, registry

__all__ = ["only_loopback", "registry"]


@pytest.fixture
def host(tmp_path: Path) -> HostTree:
    """A runner host where nothing is broken yet, without a Docker configuration."""
    return HostTree(tmp_path / "host")


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """The command line without its messages about waiting, also on a slow machine."""
    monkeypatch.setattr(waiting, "AFTER_S", 3600.0)
    return Doctor(capsys)


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Commands that come first on the PATH."""
    made = Commands(tmp_path)
    monkeypatch.setenv("PATH", f"{made.directory}:/usr/bin:/bin")
    return made
