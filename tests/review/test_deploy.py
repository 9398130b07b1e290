"""`runner-deploy` deploys the reviewed plan, here with a stub of `pulumi`; its messages have no values."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi_gitlab_runner.review.deploy_command import main
from pulumi_gitlab_runner.review.plan import differences, read_plan

from sandbox.services.gitlab.state import FinishedJob, Pipeline, Role
from tests.review.gitlab_server import TOKEN, GitLab
from tests.review.gitlab_server import gitlab as started

COMMIT = "2" * 40
URN = "urn:pulumi:prod::ci::gitlab-runner:index:RunnerStack$"
VARIABLE = "gitlab:index/groupVariable:GroupVariable"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:one"}
OTHER_SECRET = {**SECRET, "ciphertext": "v1:two"}
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def planned(*steps: str, **inputs: Any) -> dict[str, Any]:
    return {"goal": {"inputDiff": {"adds": inputs}, "outputDiff": {}}, "steps": list(steps)}


def plan(**resources: dict[str, Any]) -> str:
    return json.dumps(
        {"resourcePlans": {f"{URN}{VARIABLE}::{name}": each for name, each in resources.items()}}
    )


@pytest.mark.parametrize(
    ("reviewed", "now", "message"),
    [
        (planned("same"), planned("same"), None),
        (planned("update", value=SECRET), planned("update", value=OTHER_SECRET), None),
        (planned("create", policy=UNKNOWN), planned("create", policy="known"), None),
        (planned("update", tags=["a"]), planned("same"), None),
        (planned("same"), planned("update", tags=["hunter2"]), "update of tags now; no change was reviewed"),
        (None, planned("create", value="hunter2"), "create now; no change was reviewed"),
        (planned("delete"), planned("same"), "no change now; delete was reviewed"),
        (planned("create"), None, "no change now; create was reviewed"),
        (
            planned("update"),
            planned("create-replacement", "replace"),
            "create-replacement, replace now; update was",
        ),
        (
            planned("create", a=1, b=2),
            planned("create", a="hunter2", c=3),
            "differs from the reviewed plan: a, b, c",
        ),
    ],
)
def test_differences_of_plans_are_reported_by_name(
    reviewed: dict[str, Any] | None, now: dict[str, Any] | None, message: str | None
) -> None:
    texts = [plan(**({"it": each} if each else {})) for each in (reviewed, now)]
    found = differences(*map(read_plan, texts))
    assert len(found) == (message is not None)
    if message:
        assert found[0].startswith(f"{VARIABLE} it: {message}")
    assert "hunter2" not in "".join(found)


@pytest.fixture
def gitlab(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitLab]:
    """A GitLab whose `!1` was merged as the commit that is deployed; its preview job kept a plan."""
    with started() as double:
        merge_request = double.merge_request
        merge_request.state, merge_request.merge_commit_sha = "merged", COMMIT
        merge_request.pipelines = [
            Pipeline(1, 7, "1" * 40, [preview_job(11, plan(old=planned("create")))]),
            Pipeline(2, 7, "1" * 40, [FinishedJob(20, "test"), preview_job(21, plan(it=planned("create")))]),
            Pipeline(3, 99, "1" * 40, [preview_job(31, plan(fork=planned("create")))]),
        ]
        for name, value in double.environment(CI_COMMIT_SHA=COMMIT).items():
            monkeypatch.setenv(name, value)
        yield double


def preview_job(number: int, text: str) -> FinishedJob:
    artifacts = {"plan.json": text.encode()}
    return FinishedJob(number, "preview:prod", artifacts=artifacts, artifacts_for=Role.DEVELOPER)


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stub of `pulumi` that stores the plan it is given, prints the file `up`, and plans what `now` has."""
    stub = tmp_path / "pulumi"
    stub.write_text(
        f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\nfor last; do :; done\n'
        f'if [ "$1" = preview ]; then cp {tmp_path}/now "$last"; exit; fi\n'
        f'cp "$last" {tmp_path}/given; cat {tmp_path}/up; exit $(cat {tmp_path}/status)\n'
    )
    stub.chmod(0o755)
    (tmp_path / "up").write_text("Previewing update (prod):\nUpdating (prod):\n")
    (tmp_path / "status").write_text("0")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def deploy() -> int:
    return main(["--preview-job", "preview:prod"])


def test_the_last_plan_of_the_merge_request_is_deployed(
    gitlab: GitLab, pulumi: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy() == 0
    assert (pulumi / "given").read_text() == plan(it=planned("create"))
    (arguments,) = (pulumi / "asked").read_text().splitlines()
    assert arguments.startswith("up --yes --non-interactive --suppress-outputs --plan /")
    printed = capsys.readouterr().out
    assert "deploying the plan that was reviewed in !1\n" in printed
    assert "Updating (prod):\n" in printed


@pytest.mark.parametrize("begun", ["", "Updating (prod):\n"])
@pytest.mark.parametrize(
    "now", [plan(it=planned("create"), other=planned("create")), plan(it=planned("create"))]
)
def test_changes_beyond_the_plan_are_named_without_values(
    gitlab: GitLab, pulumi: Path, capsys: pytest.CaptureFixture[str], begun: str, now: str
) -> None:
    violation = (
        f"  {VARIABLE} it  error: resource {URN}{VARIABLE}::it violates plan: properties changed: "
        "=~value[{&{{hunter2\nhunter2 too}}}]\n"
    )
    (pulumi / "up").write_text(f"Previewing update (prod):\n{begun}{violation}Diagnostics:\n{violation}")
    (pulumi / "status").write_text("1")
    (pulumi / "now").write_text(now)
    assert deploy() == 1
    printed = capsys.readouterr()
    assert "hunter2" not in printed.out + printed.err
    assert "the changes differ from the reviewed changes in !1:\n" in printed.out
    only_secrets_differ = now == plan(it=planned("create"))
    expected = (
        "it: differs from the reviewed plan: value"
        if only_secrets_differ
        else "other: create now; no change was"
    )
    assert f"  {VARIABLE} {expected}" in printed.out
    assert ("nothing was deployed" in printed.err) == (not begun)
    assert ("the update is incomplete" in printed.err) == bool(begun)


def test_another_failure_of_a_deployment_shows_the_output_of_pulumi(
    gitlab: GitLab, pulumi: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pulumi / "up").write_text("error: AccessDenied\n")
    (pulumi / "status").write_text("255")
    assert deploy() == 1
    assert "error: AccessDenied\n" in capsys.readouterr().out


def merged_as_another_commit(gitlab: GitLab) -> None:
    gitlab.merge_request.merge_commit_sha = "3" * 40


def not_merged(gitlab: GitLab) -> None:
    gitlab.merge_request.state = "opened"


def not_previewed(gitlab: GitLab) -> None:
    gitlab.merge_request.pipelines = gitlab.merge_request.pipelines[2:]


def failed(gitlab: GitLab) -> None:
    gitlab.merge_request.pipelines[1].jobs[1].status = "failed"


def expired(gitlab: GitLab) -> None:
    gitlab.merge_request.pipelines[1].jobs[1].artifacts = {}


def damaged(gitlab: GitLab) -> None:
    gitlab.merge_request.pipelines[1].jobs[1].artifacts = {"plan.json": b"<html>"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            merged_as_another_commit,
            "no merge request was merged as 22222222: its changes were not reviewed",
        ),
        (not_merged, "no merge request was merged as 22222222"),
        (not_previewed, "!1 has no job preview:prod"),
        (failed, "the last job preview:prod of !1 has no plan: its status is failed"),
        (expired, "its artifacts do not contain a plan: they have expired, or the job did not save one"),
        (damaged, "The plan cannot be parsed"),
    ],
)
def test_without_a_plan_nothing_is_deployed(
    gitlab: GitLab, pulumi: Path, capsys: pytest.CaptureFixture[str], change: Any, message: str
) -> None:
    change(gitlab)
    assert deploy() == 1
    assert message in (printed := capsys.readouterr().err)
    assert "nothing was deployed" in printed
    assert not (pulumi / "asked").exists()


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("REVIEW_TOKEN", "", "no reviewed plan: the variable REVIEW_TOKEN is not set; set it"),
        ("REVIEW_TOKEN", "wrong", "answered 401"),
        (
            "CI_COMMIT_SHA",
            "",
            "CI_COMMIT_SHA not set: without --plan, a GitLab CI job is required to find the reviewed plan",
        ),
    ],
)
def test_missing_access_to_the_plan_is_reported(
    gitlab: GitLab,
    pulumi: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    message: str,
) -> None:
    monkeypatch.setenv(variable, value)
    assert deploy() == 1
    assert message in (printed := capsys.readouterr().err)
    assert TOKEN not in printed


def test_a_missing_role_of_the_tokens_user_is_reported(
    gitlab: GitLab, pulumi: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gitlab.merge_request.pipelines[1].jobs[1].artifacts_for = Role.MAINTAINER
    monkeypatch.setenv("REVIEW_TOKEN", f"{TOKEN}-developer")
    assert deploy() == 1
    assert "the token's user needs the role Developer to read the plan" in capsys.readouterr().err


def test_a_plan_from_a_file_and_wrong_usage(pulumi: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = pulumi / "plan.json"
    file.write_text(plan(it=planned("create")))
    assert main(["--plan", str(file)]) == 0
    assert main(["--plan", str(pulumi / "missing.json")]) == 2
    assert main([]) == 2
    assert "Traceback" not in capsys.readouterr().err
