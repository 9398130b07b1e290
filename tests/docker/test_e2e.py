"""`./dev e2e`: with a real gitlab-runner where there is one, and with one that stands for it everywhere."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.docker import unavailable
from sandbox.docker.unavailable import DockerUnavailableError
from sandbox.e2e import seed_case
from sandbox.e2e.seed_case import JOB_IMAGE, NOT_RUN, SUCCEEDED, Outcome
from sandbox.progress import Progress

STANDIN = Path(__file__).with_name("standin_runner.py")
WELL = Outcome(
    status="success",
    trace=f"Authenticating with credentials from /root/.docker/config.json\nthis is {JOB_IMAGE.name}\n",
    networks=("runner-1-job",),
    left=(),
    said="",
)


@pytest.fixture
def needs_docker() -> None:
    try:
        unavailable.check()
    except DockerUnavailableError as reason:
        pytest.skip(f"no Docker Engine: {reason}")


@pytest.mark.docker
def test_a_job_runs_through_gitlab_runner(needs_docker: None, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which(seed_case.RUNNER_PROGRAM) is None:
        pytest.skip("no gitlab-runner on the PATH")
    assert seed_case.run(Progress()) == SUCCEEDED, capsys.readouterr().out


@pytest.mark.docker
def test_a_job_runs_through_what_stands_for_it(
    needs_docker: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runner = tmp_path / "gitlab-runner"
    runner.write_text(f"#!{sys.executable}\n{STANDIN.read_text()}")
    runner.chmod(0o755)
    status = seed_case.run(Progress(), str(runner))
    said = capsys.readouterr().out
    assert status == SUCCEEDED, said
    assert f"this is {JOB_IMAGE.name}" in said
    assert "Networks made for the job: job-network" in said


def test_without_a_runner_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert seed_case.run(Progress(), "no-such-runner") == NOT_RUN
    assert "there is no no-such-runner on the PATH" in capsys.readouterr().out


def test_nothing_is_wrong_with_a_job_that_is_as_it_must_be() -> None:
    assert WELL.problems == []


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        (replace(WELL, status="failed"), "the job is failed"),
        (replace(WELL, trace=WELL.trace.replace("this is", "")), "it did not run in"),
        (replace(WELL, trace=WELL.trace.replace("Authenticating", "")), "its image was not pulled"),
        (
            replace(WELL, trace=f"{WELL.trace}Service redis probably didn't start properly."),
            "a service did not start",
        ),
        (replace(WELL, networks=()), "it had 0 networks of its own"),
        (replace(WELL, left=("runner-1-job",)), "its network was left: runner-1-job"),
    ],
)
def test_what_is_wrong_is_said(outcome: Outcome, problem: str) -> None:
    (only,) = outcome.problems
    assert problem in only
