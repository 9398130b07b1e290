"""Single parts of the doctor: gathered files, places in a text, a pipe that its reader closes."""

import os
from pathlib import Path

import pytest
from pulumi_gitlab_runner.doctor import command_line
from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.live.runner import GatheredFiles
from pulumi_gitlab_runner.doctor.pipelines.written_yaml import Source
from pulumi_gitlab_runner.doctor.text_file import write_text

FILES = GatheredFiles(
    {
        "/etc/a/one": {"mode": 0o600, "text": "1"},
        "/etc/a/two/three": {"mode": 0o644, "text": "3"},
        "/etc/ab": {"problem": "permission denied"},
    }
)


@pytest.mark.parametrize("directory", ["/etc/a", "/etc/a/"])
def test_the_names_in_a_directory_that_was_gathered(directory: str) -> None:
    assert FILES.names(directory) == ["one", "two"]
    assert FILES.names("/etc") == ["a", "ab"]
    assert FILES.names("/nowhere") == []


def test_a_file_that_was_gathered() -> None:
    found = FILES.read("/etc/a/one")
    assert (found.path, found.text, found.problem, FILES.mode("/etc/a/one")) == ("/etc/a/one", "1", "", 0o600)
    unread = FILES.read("/etc/ab")
    assert (unread.text, unread.problem, FILES.mode("/etc/ab")) == (None, "permission denied", None)
    assert FILES.read("/nowhere").text is None


# Of the file "ab$[[ x ]]\ncd", where the input x is "XY".
SOURCE = Source(Path("a"), "ab$[[ x ]]\ncd", "abXY\ncd", ((0, 0, True), (2, 2, False), (4, 10, True)))


@pytest.mark.parametrize(
    ("start", "end", "place"),
    [
        (0, 2, (0, 2)),
        (0, 3, None),
        (2, 4, None),
        (1, 1, (1, 1)),
        (4, 7, (10, 13)),
        (5, 7, (11, 13)),
        (3, 5, None),
    ],
)
def test_where_a_part_of_a_text_is_in_its_file(start: int, end: int, place: tuple[int, int] | None) -> None:
    assert SOURCE.in_file(start, end) == place


@pytest.mark.parametrize(("position", "line"), [(0, 1), (2, 1), (3, 1), (4, 1), (5, 2), (6, 2)])
def test_the_line_of_a_part_of_a_text(position: int, line: int) -> None:
    assert SOURCE.line_of(position) == line


def test_a_reader_that_closes_the_pipe_ends_the_command_quietly(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As `runner-doctor … | head`: nothing more is written, not even at exit."""
    replaced: list[tuple[int, int]] = []

    def close(_: object) -> None:
        raise BrokenPipeError

    def duplicate(descriptor: int, to: int) -> int:
        replaced.append((os.fstat(descriptor).st_rdev, to))
        return to

    monkeypatch.setattr(command_line, "_image", close)
    monkeypatch.setattr(os, "dup2", duplicate)
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout.fileno", lambda: 1, raising=False)
        assert command_line.main(["image", "a"]) == 0
    assert replaced == [(Path(os.devnull).stat().st_rdev, 1)]
    assert capfd.readouterr() == ("", "")


def test_an_interrupted_command_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "_image", interrupt)
    assert command_line.main(["image", "a"]) == 2


def test_a_text_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        write_text(tmp_path, "text")
    assert str(raised.value) == f"{tmp_path} cannot be written: is a directory"
