"""What the doctor's tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doctor.host_tree import Doctor, HostTree
from tests.doctor.registry_double import RegistryDouble, serving


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registries of these tests are on this machine, whatever proxy it uses."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def registry() -> Iterator[RegistryDouble]:
    """A registry with `team/app:1`, for one user."""
    with serving(RegistryDouble()) as double:
        yield double


@pytest.fixture
def host(tmp_path: Path) -> HostTree:
    """A runner host where nothing is broken yet, without a Docker configuration."""
    return HostTree(tmp_path / "host")


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Doctor:
    return Doctor(capsys)
