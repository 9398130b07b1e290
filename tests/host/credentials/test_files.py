"""The directory of the credentials: only root has access, and its files are complete at any time."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi_gitlab_runner.host.credentials.files import Files


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "run"


def mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o7777:04o}"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_owner_has_access(directory: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        Files(directory).write("config.json", "text")
    finally:
        os.umask(before)
    assert (mode(directory), mode(directory / "config.json")) == ("0700", "0600")


def test_access_of_others_is_removed(directory: Path) -> None:
    directory.mkdir(mode=0o777)
    directory.chmod(0o777)
    Files(directory)
    assert mode(directory) == "0700"


@pytest.mark.parametrize("what", ["link", "file"])
def test_a_link_or_a_file_in_place_of_the_directory_is_refused(
    tmp_path: Path, directory: Path, what: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    if what == "link":
        directory.symlink_to(elsewhere)
    else:
        directory.write_text("")
    with pytest.raises(NotADirectoryError):
        Files(directory)
    assert (mode(elsewhere), list(elsewhere.iterdir())) == ("0755", [])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_another_user_is_refused(directory: Path) -> None:
    directory.mkdir()
    os.chown(directory, 12345, 12345)
    with pytest.raises(NotADirectoryError):
        Files(directory)


@pytest.mark.parametrize("name", ["config.json", "state.json"])
def test_a_link_in_place_of_a_file_is_replaced_and_not_followed(
    tmp_path: Path, directory: Path, name: str
) -> None:
    files = Files(directory)
    target = tmp_path / "target"
    target.write_text("untouched")
    (directory / name).symlink_to(target)
    files.write(name, "text")
    assert not (directory / name).is_symlink()
    assert (target.read_text(), files.read(name)) == ("untouched", "text")


def test_a_reader_sees_one_complete_version(directory: Path) -> None:
    files = Files(directory)
    versions = ["a" * 300_000, "b" * 200_000]
    files.write("config.json", versions[0])
    seen: set[str] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add((directory / "config.json").read_text())

    readers = [threading.Thread(target=read) for _ in range(5)]
    for reader in readers:
        reader.start()
    for number in range(200):
        files.write("config.json", versions[number % 2])
    done.set()
    for reader in readers:
        reader.join()
    assert seen <= set(versions)


class Killed(BaseException):
    """The service is killed at a step."""


@pytest.mark.parametrize("step", ["tempfile.mkstemp", "os.fdopen", "pathlib.Path.replace"])
@pytest.mark.parametrize("after", [False, True])
def test_a_service_that_is_killed_at_a_step_leaves_a_complete_file(
    directory: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    files = Files(directory)
    files.write("config.json", "before")
    module, _, name = step.rpartition(".")
    real = _lookup(module, name)

    def killed(*arguments: Any, **options: Any) -> Any:
        done = real(*arguments, **options) if after else None
        if name == "fdopen" and done:
            done.close()
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(step, killed)
        patched.setattr("pathlib.Path.unlink", lambda *_, **__: None)  # a killed service removes nothing
        with pytest.raises(Killed):
            files.write("config.json", "after")
    assert files.read("config.json") == ("after" if after and name == "replace" else "before")
    Files(directory)
    assert [path.name for path in directory.iterdir()] == ["config.json"]


def _lookup(module: str, name: str) -> Callable[..., Any]:
    import importlib

    found: Callable[..., Any]
    if module == "pathlib.Path":
        found = getattr(Path, name)
    else:
        found = getattr(importlib.import_module(module), name)
    return found


@pytest.fixture
def full(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """A directory with a file of 100 characters, and no room for another beside it."""
    files = Files(directory)
    files.write("config.json", "a" * 100)
    real = os.fdopen

    def fdopen(descriptor: int, *arguments: Any, **options: Any) -> Any:
        if (directory / "config.json").exists():
            os.close(descriptor)
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, *arguments, **options)

    monkeypatch.setattr(os, "fdopen", fdopen)
    return files


def test_a_full_memory_keeps_the_previous_file(full: Files) -> None:
    with pytest.raises(OSError, match="No space left"):
        full.write("config.json", "b" * 101)
    assert full.read("config.json") == "a" * 100


def test_a_full_memory_does_not_keep_removed_credentials(full: Files) -> None:
    full.write("config.json", "b" * 100)
    assert full.read("config.json") == "b" * 100
