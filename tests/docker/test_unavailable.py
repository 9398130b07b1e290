"""The reason why there can be no Docker Engine is reported."""

import os
import shutil

import pytest

from sandbox.docker import unavailable
from sandbox.docker.unavailable import DockerUnavailableError


def test_root_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(DockerUnavailableError, match="needs root"):
        unavailable.check()


def test_the_package_of_a_missing_program_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: None if name in {"dockerd", "jq"} else f"/bin/{name}")
    with pytest.raises(DockerUnavailableError, match=r"^not installed: docker\.io, jq$"):
        unavailable.check()


def test_a_missing_python_package_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(unavailable, "find_spec", lambda name: None if name == "bcrypt" else object())
    with pytest.raises(DockerUnavailableError, match=r"not installed as Python packages: bcrypt$"):
        unavailable.check()
