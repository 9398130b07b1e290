"""What the doctor says while it waits."""

import io
import sys
import time

import pytest
from pulumi_gitlab_runner.doctor import waiting
from pulumi_gitlab_runner.doctor.command_line import argument_parser


def test_it_says_what_it_waits_for_also_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setattr(waiting, "AFTER_S", 0.01)
    with waiting.waiting("image"):
        deadline = time.monotonic() + 5
        while not shown.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    assert shown.getvalue() == "runner-doctor: waiting for the image's registry (0 s)\n"


def test_a_quick_answer_comes_without_it(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting.waiting("image"):
        pass
    assert capsys.readouterr().err == ""


def test_each_command_has_its_words() -> None:
    (commands,) = (
        each.choices for each in argument_parser()._actions if each.dest == "==SUPPRESS==" and each.choices
    )
    assert set(commands) == set(waiting.WAITS_FOR)
