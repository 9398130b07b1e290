"""`./dev e2e` with a real gitlab-runner, if there is one, and with a stand-in for it."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.docker import unavailable
from sandbox.docker.unavailable import DockerUnavailableError
from sandbox.progress import Progress
from tests.e2e import seed_case
from tests.e2e.seed_case import JOB_IMAGE, NOT_RUN, SUCCEEDED, Outcome

STANDIN = Path(__file__).with_name("standin_runner.py")
GOOD = Outcome(
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
def test_a_job_runs_through_a_stand_in_for_gitlab_runner(
    needs_docker: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runner = tmp_path / "gitlab-runner"
    runner.write_text(f"#!{sys.executable}\n{STANDIN.read_text()}")
    runner.chmod(0o755)
    status = seed_case.run(Progress(), str(runner))
    printed = capsys.readouterr().out
    assert status == SUCCEEDED, printed
    assert f"this is {JOB_IMAGE.name}" in printed
    assert "Networks made for the job: job-network" in printed


def test_a_missing_runner_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert seed_case.run(Progress(), "no-such-runner") == NOT_RUN
    assert "there is no no-such-runner on the PATH" in capsys.readouterr().out


def test_a_good_job_has_no_problems() -> None:
    assert GOOD.problems == []


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        (replace(GOOD, status="failed"), "the job is failed"),
        (replace(GOOD, trace=GOOD.trace.replace("this is", "")), "it did not run in"),
        (replace(GOOD, trace=GOOD.trace.replace("Authenticating", "")), "its image was not pulled"),
        (
            replace(GOOD, trace=f"{GOOD.trace}Service redis probably didn't start properly."),
            "a service did not start",
        ),
        (replace(GOOD, networks=()), "it had 0 networks of its own"),
        (replace(GOOD, left=("runner-1-job",)), "its network was left: runner-1-job"),
    ],
)
def test_each_problem_is_reported(outcome: Outcome, problem: str) -> None:
    (only,) = outcome.problems
    assert problem in only
