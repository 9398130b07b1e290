"""Where there can be no Docker Engine, it is said why."""

import os
import shutil

import pytest

from sandbox.docker import unavailable
from sandbox.docker.unavailable import DockerUnavailableError


def test_without_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(DockerUnavailableError, match="needs root"):
        unavailable.check()


def test_without_a_program_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: None if name in {"dockerd", "jq"} else f"/bin/{name}")
    with pytest.raises(DockerUnavailableError, match=r"^not installed: docker\.io, jq$"):
        unavailable.check()


def test_without_a_python_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(unavailable, "find_spec", lambda name: None if name == "bcrypt" else object())
    with pytest.raises(DockerUnavailableError, match=r"not installed as Python packages: bcrypt$"):
        unavailable.check()
