"""A stack's state after an engine was killed, or the disk was full: files in the engine's own shape."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.errors import SandboxError
from sandbox.state import LOCAL_HOST, StackState

CHECKPOINT = {"version": 3, "checkpoint": {"stack": "organization/project/sandbox", "latest": {}}}
OLDER = CHECKPOINT | {"older": True}
ATTRIBUTES = {"user.content_type": "text/plain; charset=utf-8", "md5": "F+xNxG8Wsb+vfO9Xg0y+fw=="}
ENDED = 2**22 + 1
"""The ID of no process: Linux assigns none above 2**22."""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A complete state of the stack `sandbox`, beside that of another stack."""
    directory = tmp_path / ".pulumi"
    for stack in ("sandbox", "sandbox-two"):
        for suffix, content in ((".json", CHECKPOINT), (".json.bak", OLDER)):
            write(directory / f"stacks/project/{stack}{suffix}", content)
            write(directory / f"stacks/project/{stack}{suffix}.attrs", ATTRIBUTES)
    (directory / "meta.yaml").write_text("version: 1\n")
    return directory


@pytest.fixture
def state(tmp_path: Path) -> StackState:
    return StackState(tmp_path, "sandbox")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[int]:
    """The ID of a process that has the name of an engine."""
    sleep = shutil.which("sleep")
    assert sleep is not None
    shutil.copy(sleep, tmp_path / "pulumi")
    with subprocess.Popen([tmp_path / "pulumi", "60"]) as process:
        deadline = time.monotonic() + 5
        while Path(f"/proc/{process.pid}/comm").read_text() != "pulumi\n" and time.monotonic() < deadline:
            time.sleep(0.01)
        yield process.pid
        process.kill()


def write(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def lock(directory: Path, pid: int, host: str = LOCAL_HOST, stack: str = "sandbox") -> Path:
    file = directory / f"locks/organization/project/{stack}/{pid}.json"
    when = "2026-11-29T14:24:55.25+01:00"
    write(file, {"pid": pid, "username": "ci", "hostname": host, "timestamp": when})
    write(file.with_name(f"{file.name}.attrs"), ATTRIBUTES)
    return file


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(directory)): file.read_bytes() for file in directory.rglob("*") if file.is_file()
    }


def test_a_complete_state_is_unchanged(state: StackState, directory: Path) -> None:
    before = contents(directory)
    assert state.repair() == []
    assert contents(directory) == before


def test_a_missing_state_is_not_an_error(tmp_path: Path) -> None:
    assert StackState(tmp_path / "nothing", "sandbox").repair() == []


@pytest.mark.parametrize("name", ["sandbox.json.attrs", "sandbox.json.bak.attrs"])
@pytest.mark.parametrize("content", ["", '{"md5":'])
def test_incomplete_attributes_are_removed(
    state: StackState, directory: Path, name: str, content: str
) -> None:
    before = contents(directory)
    (directory / "stacks/project" / name).write_text(content)
    (message,) = state.repair()
    assert name in message
    del before[f"stacks/project/{name}"]
    assert contents(directory) == before
    assert state.repair() == []


@pytest.mark.parametrize("content", ["", json.dumps(CHECKPOINT)[:20]])
def test_an_incomplete_checkpoint_is_restored_from_its_backup(
    state: StackState, directory: Path, content: str
) -> None:
    checkpoint = directory / "stacks/project/sandbox.json"
    checkpoint.write_text(content)
    (message,) = state.repair()
    assert "Restored the state of the stack sandbox from its backup" in message
    assert json.loads(checkpoint.read_text()) == OLDER
    assert not (directory / "stacks/project/sandbox.json.attrs").exists()
    assert not list(directory.rglob("*.restored"))
    assert state.repair() == []


@pytest.mark.parametrize("backup", ["", None])
def test_without_a_backup_the_message_says_what_to_delete(
    state: StackState, directory: Path, backup: str | None
) -> None:
    checkpoint = directory / "stacks/project/sandbox.json"
    checkpoint.write_text("")
    file = directory / "stacks/project/sandbox.json.bak"
    file.unlink() if backup is None else file.write_text(backup)
    with pytest.raises(SandboxError) as raised:
        state.repair()
    *_, command = str(raised.value).splitlines()
    assert command.strip() == f"./dev stop && rm {checkpoint}* && ./dev up sandbox"
    deleted = [each.name for each in checkpoint.parent.glob(f"{checkpoint.name}*")]
    assert deleted
    assert not any(name.startswith("sandbox-two") for name in deleted)


def test_another_stack_is_not_changed(state: StackState, directory: Path) -> None:
    (directory / "stacks/project/sandbox-two.json").write_text("")
    lock(directory, ENDED, stack="sandbox-two")
    before = contents(directory)
    assert state.repair() == []
    assert contents(directory) == before


def test_an_incomplete_file_of_the_layout_is_removed(state: StackState, directory: Path) -> None:
    (directory / "meta.yaml").write_text("")
    (message,) = state.repair()
    assert "meta.yaml" in message
    assert not (directory / "meta.yaml").exists()


class TestLocks:
    @pytest.mark.parametrize("pid", [ENDED, os.getpid()], ids=["ended", "reused by another program"])
    def test_the_lock_of_an_engine_that_has_ended_is_removed(
        self, state: StackState, directory: Path, pid: int
    ) -> None:
        before = contents(directory)
        lock(directory, pid)
        (message,) = state.repair()
        assert message == (
            f"Removed the lock of an engine that has ended (process {pid} of ci, since 2026-11-29 14:24:55)."
        )
        assert contents(directory) == before
        assert state.locks() == []

    def test_an_incomplete_lock_is_not_held(self, state: StackState, directory: Path) -> None:
        before = contents(directory)
        lock(directory, ENDED).write_text('{"pid":')
        assert state.locks() == []
        (message,) = state.repair()
        assert "a cut-off lock" in message
        assert contents(directory) == before

    def test_the_lock_of_another_machine_stays(self, state: StackState, directory: Path) -> None:
        lock(directory, ENDED, "elsewhere")
        assert state.repair() == []
        (held,) = state.locks()
        assert held.is_held
        assert str(held) == f"process {ENDED} of ci on elsewhere, since 2026-11-29 14:24:55"

    def test_nothing_is_changed_while_an_engine_runs(
        self, state: StackState, directory: Path, engine: int
    ) -> None:
        lock(directory, engine)
        (directory / "stacks/project/sandbox.json.attrs").write_text("")
        before = contents(directory)
        assert state.repair() == []
        assert contents(directory) == before
        (held,) = state.locks()
        assert held.is_held
