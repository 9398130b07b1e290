"""The messages of the doctor while it waits."""

import io
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pulumi_gitlab_runner.doctor import waiting
from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.leftovers.state import exported_state
from pulumi_gitlab_runner.doctor.live import on_host
from pulumi_gitlab_runner.doctor.live.docker_container import DockerCommand
from pulumi_gitlab_runner.doctor.options import argument_parser
from pulumi_gitlab_runner.doctor.pipelines.gitlab_lint import configuration_of_gitlab
from pulumi_gitlab_runner.doctor.stack_file import StackInFile, shorthands_of_stack

STACKS = Path(__file__).parents[2] / "stacks"


def test_a_message_says_what_the_doctor_waits_for_also_without_a_terminal(
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


def test_a_quick_answer_has_no_message(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting.waiting("image"):
        pass
    assert capsys.readouterr().err == ""


def test_each_command_has_its_message() -> None:
    (commands,) = (
        each.choices for each in argument_parser()._actions if each.dest == "==SUPPRESS==" and each.choices
    )
    assert set(commands) == set(waiting.WAITS_FOR)


@pytest.mark.parametrize(
    ("ask", "program", "seconds"),
    [
        (lambda: exported_state("prod"), "pulumi", 120),
        (lambda: shorthands_of_stack(StackInFile(STACKS, "dev")), "aws", 15),
        (lambda: DockerCommand()("ps"), "docker", 60),
        (lambda: on_host.printed(["docker", "info"]), "docker", 15),
        (lambda: configuration_of_gitlab(Path("ci.yml"), "https://gitlab.example.com", None), "git", 10),
    ],
    ids=["state", "account", "container", "host", "project"],
)
def test_a_program_that_does_not_end_is_stopped(
    monkeypatch: pytest.MonkeyPatch, ask: Callable[[], object], program: str, seconds: float
) -> None:
    given: list[tuple[str, float]] = []

    def hang(command: list[str], timeout: float, **_: object) -> None:
        given.append((command[0], timeout))
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(subprocess, "run", hang)
    monkeypatch.setenv("GITLAB_TOKEN", "canary")
    monkeypatch.delenv("CI_PROJECT_ID", raising=False)
    with pytest.raises((UsageError, RuntimeError)):
        ask()
    assert given == [(program, seconds)]
