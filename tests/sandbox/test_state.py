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
"""The number of no process: Linux gives none above 2**22."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A whole state of the stack `sandbox`, beside one of another stack."""
    place = tmp_path / ".pulumi"
    for stack in ("sandbox", "sandbox-two"):
        for suffix, content in ((".json", CHECKPOINT), (".json.bak", OLDER)):
            write(place / f"stacks/project/{stack}{suffix}", content)
            write(place / f"stacks/project/{stack}{suffix}.attrs", ATTRIBUTES)
    (place / "meta.yaml").write_text("version: 1\n")
    return place


@pytest.fixture
def state(tmp_path: Path) -> StackState:
    return StackState(tmp_path, "sandbox")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[int]:
    """The number of a process that is called as an engine is."""
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


def lock(place: Path, pid: int, host: str = LOCAL_HOST, stack: str = "sandbox") -> Path:
    file = place / f"locks/organization/project/{stack}/{pid}.json"
    when = "2026-11-29T14:24:55.25+01:00"
    write(file, {"pid": pid, "username": "ci", "hostname": host, "timestamp": when})
    write(file.with_name(f"{file.name}.attrs"), ATTRIBUTES)
    return file


def contents(place: Path) -> dict[str, bytes]:
    return {str(file.relative_to(place)): file.read_bytes() for file in place.rglob("*") if file.is_file()}


def test_a_whole_state_stays_as_it_is(state: StackState, place: Path) -> None:
    before = contents(place)
    assert state.repair() == []
    assert contents(place) == before


def test_no_state_is_no_fault(tmp_path: Path) -> None:
    assert StackState(tmp_path / "nothing", "sandbox").repair() == []


@pytest.mark.parametrize("name", ["sandbox.json.attrs", "sandbox.json.bak.attrs"])
@pytest.mark.parametrize("content", ["", '{"md5":'])
def test_attributes_that_were_not_written_are_removed(
    state: StackState, place: Path, name: str, content: str
) -> None:
    before = contents(place)
    (place / "stacks/project" / name).write_text(content)
    (told,) = state.repair()
    assert name in told
    del before[f"stacks/project/{name}"]
    assert contents(place) == before
    assert state.repair() == []


@pytest.mark.parametrize("content", ["", json.dumps(CHECKPOINT)[:20]])
def test_a_checkpoint_that_was_cut_off_comes_back_from_its_backup(
    state: StackState, place: Path, content: str
) -> None:
    checkpoint = place / "stacks/project/sandbox.json"
    checkpoint.write_text(content)
    (told,) = state.repair()
    assert "Restored the state of the stack sandbox from its backup" in told
    assert json.loads(checkpoint.read_text()) == OLDER
    assert not (place / "stacks/project/sandbox.json.attrs").exists()
    assert not list(place.rglob("*.restored"))
    assert state.repair() == []


@pytest.mark.parametrize("backup", ["", None])
def test_without_a_backup_one_message_says_what_to_delete(
    state: StackState, place: Path, backup: str | None
) -> None:
    checkpoint = place / "stacks/project/sandbox.json"
    checkpoint.write_text("")
    file = place / "stacks/project/sandbox.json.bak"
    file.unlink() if backup is None else file.write_text(backup)
    with pytest.raises(SandboxError) as raised:
        state.repair()
    *_, command = str(raised.value).splitlines()
    assert command.strip() == f"./dev stop && rm {checkpoint}* && ./dev up sandbox"
    deleted = [each.name for each in checkpoint.parent.glob(f"{checkpoint.name}*")]
    assert deleted
    assert not any(name.startswith("sandbox-two") for name in deleted)


def test_another_stack_is_not_touched(state: StackState, place: Path) -> None:
    (place / "stacks/project/sandbox-two.json").write_text("")
    lock(place, ENDED, stack="sandbox-two")
    before = contents(place)
    assert state.repair() == []
    assert contents(place) == before


def test_a_file_of_the_layout_that_was_not_written_is_removed(state: StackState, place: Path) -> None:
    (place / "meta.yaml").write_text("")
    (told,) = state.repair()
    assert "meta.yaml" in told
    assert not (place / "meta.yaml").exists()


class TestLocks:
    @pytest.mark.parametrize("pid", [ENDED, os.getpid()], ids=["ended", "by now another program's"])
    def test_one_whose_engine_has_ended_is_removed(self, state: StackState, place: Path, pid: int) -> None:
        before = contents(place)
        lock(place, pid)
        (told,) = state.repair()
        assert told == (
            f"Removed the lock of an engine that has ended (process {pid} of ci, since 2026-11-29 14:24:55)."
        )
        assert contents(place) == before
        assert state.locks() == []

    def test_one_that_was_cut_off_was_never_held(self, state: StackState, place: Path) -> None:
        before = contents(place)
        lock(place, ENDED).write_text('{"pid":')
        assert state.locks() == []
        (told,) = state.repair()
        assert "a cut-off lock" in told
        assert contents(place) == before

    def test_one_of_another_machine_stays(self, state: StackState, place: Path) -> None:
        lock(place, ENDED, "elsewhere")
        assert state.repair() == []
        (held,) = state.locks()
        assert held.is_held
        assert str(held) == f"process {ENDED} of ci on elsewhere, since 2026-11-29 14:24:55"

    def test_while_an_engine_runs_nothing_is_touched(
        self, state: StackState, place: Path, engine: int
    ) -> None:
        lock(place, engine)
        (place / "stacks/project/sandbox.json.attrs").write_text("")
        before = contents(place)
        assert state.repair() == []
        assert contents(place) == before
        (held,) = state.locks()
        assert held.is_held
