"""The order in which the ways to an engine are tried, and the message when all fail."""

import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.engine import lookup
from sandbox.engine.lookup import locate, obtain
from sandbox.engine.release import VERSION_TEXT, EngineUnavailableError, WayFailedError
from sandbox.progress import Progress, Step

ON_PATH = "on-path"


def executable(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def way(answer: str | WayFailedError) -> lookup.Way:
    """Return a way to an engine that states the version `answer`, or fails."""

    def get(directory: Path, step: Step) -> Path:
        if isinstance(answer, WayFailedError):
            raise answer
        return executable(directory / "bin" / "pulumi", f"echo {answer}").parent

    return get


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with one folder, which is empty at first."""
    folder = tmp_path / ON_PATH
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def use(**answers: str | WayFailedError) -> None:
        monkeypatch.setattr(
            lookup, "WAYS", tuple((name, name, way(answer)) for name, answer in answers.items())
        )

    return use


def install(folder: Path, version: str) -> Path:
    executable(folder / "pulumi-language-python", "")
    return executable(folder / "pulumi", f"echo run >> {folder}/runs; echo {version}")


@pytest.mark.parametrize("version", ["v3.258.0", "v3.258.1", "v3.300.0-alpha.1"])
def test_an_engine_on_path_comes_first(
    path: Path, tmp_path: Path, ways: Callable[..., None], version: str
) -> None:
    ways(downloaded="v3.258.0")
    command = install(path, version)
    engine = obtain(tmp_path / "engine", Progress())
    assert (engine.command, engine.origin) == (command, "on PATH")


def test_an_engine_on_path_is_asked_for_its_version_once(path: Path, tmp_path: Path) -> None:
    install(path, "v3.258.0")
    for _ in range(3):
        locate(tmp_path / "engine")
    assert (path / "runs").read_text() == "run\n"
    install(path, "v3.1.0")
    with pytest.raises(EngineUnavailableError, match=r"3\.1\.0"):
        locate(tmp_path / "engine")


@pytest.mark.parametrize("version", ["v3.257.9", "v2.999.0", "v4.0.0"])
def test_another_version_on_path_is_skipped(
    path: Path, tmp_path: Path, ways: Callable[..., None], version: str
) -> None:
    ways(downloaded="v3.258.0")
    install(path, version)
    assert obtain(tmp_path / "engine", Progress()).origin == "downloaded"


def test_an_engine_that_cannot_run_python_is_skipped(
    path: Path, tmp_path: Path, ways: Callable[..., None]
) -> None:
    ways(downloaded="v3.258.0")
    install(path, "v3.258.0")
    (path / "pulumi-language-python").unlink()
    assert obtain(tmp_path / "engine", Progress()).origin == "downloaded"


def test_the_next_way_is_tried_after_a_failure(path: Path, tmp_path: Path, ways: Callable[..., None]) -> None:
    ways(downloaded=WayFailedError("offline"), built="v3.258.0")
    assert obtain(tmp_path / "engine", Progress()).origin == "built"


def test_an_obtained_engine_is_kept(path: Path, tmp_path: Path, ways: Callable[..., None]) -> None:
    ways(downloaded="v3.258.0")
    first = obtain(tmp_path / "engine", Progress())
    ways(downloaded=WayFailedError("must not be asked again"))
    assert obtain(tmp_path / "engine", Progress()) == first == locate(tmp_path / "engine")
    assert first.command.parent.parent.name == f"v{VERSION_TEXT}"


def test_an_engine_of_another_version_is_not_installed(
    path: Path, tmp_path: Path, ways: Callable[..., None]
) -> None:
    ways(downloaded="v3.257.0", built=WayFailedError("no Go"))
    with pytest.raises(
        EngineUnavailableError, match=r"downloaded: pulumi is 3\.257\.0, but 3\.258\.0 was asked for"
    ):
        obtain(tmp_path / "engine", Progress())
    assert sorted(each.name for each in (tmp_path / "engine").iterdir()) == ["lock"]


def test_the_message_has_every_way_and_its_reason(
    path: Path, tmp_path: Path, ways: Callable[..., None]
) -> None:
    ways(downloaded=WayFailedError("no such host"), built=WayFailedError("no Go"))
    with pytest.raises(EngineUnavailableError) as raised:
        obtain(tmp_path / "engine", Progress())
    message = str(raised.value)
    for part in (
        "on PATH: no `pulumi` there",
        "downloaded: no such host",
        "built: no Go",
        "install Pulumi 3.258.0",
    ):
        assert part in message


def test_simultaneous_commands_get_one_engine(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, proceed, runs = threading.Event(), threading.Event(), []

    def slow(directory: Path, step: Step) -> Path:
        runs.append(step)
        began.set()
        assert proceed.wait(10)
        return way("v3.258.0")(directory, step)

    monkeypatch.setattr(lookup, "WAYS", (("slow", "built", slow),))
    engines = []
    threads = [
        threading.Thread(target=lambda: engines.append(obtain(tmp_path / "engine", Progress())))
        for _ in range(2)
    ]
    threads[0].start()
    assert began.wait(10)
    threads[1].start()
    proceed.set()
    for thread in threads:
        thread.join(10)
    assert len(runs) == 1
    assert engines[0] == engines[1]


def test_the_order_of_the_real_ways() -> None:
    assert [origin for _, origin, _ in lookup.WAYS] == ["downloaded", "built"]
