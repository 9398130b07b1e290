"""Notes of open merge requests, after the stack was deployed."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Response
from pulumi_gitlab_runner.review.command_line import main
from pulumi_gitlab_runner.review.merge_request import merge_request_of, put_note
from pulumi_gitlab_runner.review.note import marker, note
from pulumi_gitlab_runner.review.outdated import deployment_of, outdate_notes

from sandbox.services.gitlab.access import INSTANCE
from sandbox.services.gitlab.state import MergeRequest
from tests.review.gitlab_server import TOKEN, GitLab
from tests.review.gitlab_server import gitlab as started
from tests.review.previews import preview

JOB = {"CI_COMMIT_BRANCH": "main", "CI_COMMIT_SHA": "2" * 40}
OUTDATED = "**⚠ Outdated:** the stack was deployed at commit 22222222 after this preview."


@pytest.fixture
def gitlab(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitLab]:
    with started() as double:
        for name, value in double.environment(**JOB).items():
            monkeypatch.setenv(name, value)
        yield double


def merge_requests(gitlab: GitLab) -> dict[int, MergeRequest]:
    found: dict[int, MergeRequest] = gitlab.application.extensions[INSTANCE].projects[7].merge_requests
    return found


def review(gitlab: GitLab, number: int, stack: str = "prod") -> None:
    environment = gitlab.environment(CI_MERGE_REQUEST_IID=str(number))
    put_note(merge_request_of(environment, "REVIEW_TOKEN"), note(preview(), stack))


def body(gitlab: GitLab, number: int) -> str:
    return merge_requests(gitlab)[number].notes[0].body


def test_notes_of_open_merge_requests_into_the_branch_are_marked_once(
    gitlab: GitLab, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, state, target in ((2, "merged", "main"), (3, "opened", "release"), (4, "opened", "main")):
        merge_requests(gitlab)[number] = MergeRequest(number, state=state, target_branch=target)
    for number in (1, 2, 3):
        review(gitlab, number)
    review(gitlab, 4, stack="dev")
    before = body(gitlab, 1)
    assert main(["--outdate", "--stack", "prod"]) == 0
    assert capsys.readouterr().out == "Previews marked as outdated: !1\n"
    assert body(gitlab, 1).splitlines()[:4] == [
        *before.splitlines()[:2],
        "",
        f"{OUTDATED} Run the preview again.",
    ]
    assert body(gitlab, 1).splitlines()[4:] == before.splitlines()[2:]
    assert not [number for number in (2, 3, 4) if "Outdated" in body(gitlab, number)]

    assert main(["--outdate", "--stack", "prod"]) == 0
    assert capsys.readouterr().out == "Previews marked as outdated: none\n"

    review(gitlab, 1)
    assert body(gitlab, 1) == before


def test_all_notes_are_marked_after_a_temporary_failure(gitlab: GitLab) -> None:
    for number in range(2, 45):
        merge_requests(gitlab)[number] = MergeRequest(number)
        review(gitlab, number)
    gitlab.failures = [Response(status=503)]
    deployment = deployment_of(gitlab.environment(**JOB), "REVIEW_TOKEN")
    access = replace(deployment.access, wait=lambda _: None)
    done = outdate_notes(replace(deployment, access=access), marker("prod"))
    assert sorted(done) == sorted(f"!{number}" for number in range(2, 45))


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("REVIEW_TOKEN", "", "the variable REVIEW_TOKEN is not set"),
        ("REVIEW_TOKEN", f"{TOKEN}-read-api", "answered 403"),
        ("CI_COMMIT_BRANCH", "", "CI_COMMIT_BRANCH not set: a deployment requires a branch pipeline"),
    ],
)
def test_a_failure_to_mark_notes_does_not_fail_the_deployment(
    gitlab: GitLab,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    message: str,
) -> None:
    review(gitlab, 1)
    monkeypatch.setenv(variable, value)
    assert main(["--outdate", "--stack", "prod"]) == 0
    assert message in capsys.readouterr().err
    assert "Outdated" not in body(gitlab, 1)
