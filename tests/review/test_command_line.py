"""`runner-review`, as a pipeline calls it."""

import io
import json
import sys
from pathlib import Path

import pytest
from pulumi_gitlab_runner.review.command_line import main
from pulumi_gitlab_runner.review.note import marker

from tests.review.previews import step, text

PREVIEW = text(step("create", "aws:kms/key:Key", "ké", new={}))


def test_the_note_and_the_report_are_written(tmp_path: Path) -> None:
    given, note, report = (tmp_path / name for name in ("preview.json", "note.md", "report.json"))
    given.write_text(PREVIEW)
    assert main([str(given), "--stack", "prod", "--note", str(note), "--terraform-report", str(report)]) == 0
    assert "+ create aws:kms/key:Key ké" in note.read_text(encoding="utf-8")
    assert json.loads(report.read_text()) == {"create": 1, "update": 0, "delete": 0}


def test_it_reads_its_input_and_writes_its_output(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PREVIEW.encode())))
    assert main(["--stack", "prod"]) == 0
    sys.stdout.flush()
    assert capfdbinary.readouterr().out.decode().startswith(marker("prod"))


def test_the_hidden_line_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stack", "prod", "--marker"]) == 0
    assert capsys.readouterr().out == marker("prod") + "\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["missing.json", "--stack", "prod"], "runner-review: missing.json: no such file or directory\n"),
        (["wrong.json", "--stack", "prod"], "runner-review: The preview cannot be read"),
        (["wrong.json"], "the following arguments are required: --stack"),
    ],
)
def test_a_wrong_use_is_one_message(
    arguments: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wrong.json").write_text("hunter2")
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "hunter2" not in error
    assert "Traceback" not in error
