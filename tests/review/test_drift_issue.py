"""The issue of a drift: opened once, kept up to date, and closed; issues of other users stay unchanged."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Response
from pulumi_gitlab_runner.review.drift_command import main
from pulumi_gitlab_runner.review.drift_issue import IssuePlace, issue_place_of, report_drift, report_end
from pulumi_gitlab_runner.review.errors import GitLabError
from pulumi_gitlab_runner.review.gitlab_api import ATTEMPTS

from sandbox.services.gitlab.access import INSTANCE
from sandbox.services.gitlab.state import Issue
from tests.review.gitlab_server import TOKEN, GitLab
from tests.review.gitlab_server import gitlab as started
from tests.review.previews import VARIABLE, step, text

DRIFT = text(step("delete", VARIABLE, "region", {"value": "hunter2"}))
MORE = text(step("delete", VARIABLE, "region", {}), step("delete", VARIABLE, "```", {}))
CLEAN = text(step("refresh", VARIABLE, "region", {}, {}))


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    with started() as double:
        yield double


def place(
    gitlab: GitLab, wait: Callable[[float], None] = time.sleep, stack: str = "prod", **variables: str
) -> IssuePlace:
    environment = gitlab.environment(CI_JOB_URL="https://gitlab.example.com/job/1", **variables)
    found = issue_place_of(environment, "REVIEW_TOKEN", stack, "drift")
    return replace(found, access=replace(found.access, wait=wait))


def issues(gitlab: GitLab) -> list[Issue]:
    return list(gitlab.application.extensions[INSTANCE].projects[7].issues.values())


@pytest.fixture
def check_drift(gitlab: GitLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "DriftCheck":
    for name, value in gitlab.environment().items():
        monkeypatch.setenv(name, value)
    return DriftCheck(tmp_path / "drift.json")


class DriftCheck:
    """A scheduled check of a stack's drift."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self, found: str, *options: str, stack: str = "prod", status: str = "0") -> int:
        self._file.write_text(found)
        return main([str(self._file), "--stack", stack, "--status", status, "--issue", *options])


def test_a_drift_has_one_issue_until_it_ends(
    gitlab: GitLab, check_drift: DriftCheck, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_drift(CLEAN) == 0
    assert issues(gitlab) == []
    assert check_drift(DRIFT, status="7") == check_drift(DRIFT, status="7") == 1
    (opened,) = issues(gitlab)
    assert (opened.title, opened.labels, opened.confidential) == ("Drift in prod", ["drift"], True)
    assert opened.description
    assert f"|   {VARIABLE} region: deleted outside Pulumi\n" in opened.description
    assert "hunter2" not in opened.description
    assert "/-/issues/1" in capsys.readouterr().out

    first = opened.updated_at
    assert check_drift(DRIFT) == 1
    assert issues(gitlab)[0].updated_at == first

    assert check_drift(MORE) == 1
    (changed,) = issues(gitlab)
    assert changed.description
    assert "\n|   " in changed.description
    assert changed.description.count("\n```") == 2

    assert check_drift("", status="255") == 2
    assert issues(gitlab)[0].closed_at is None

    assert check_drift(CLEAN) == check_drift(CLEAN) == 0
    (closed,) = issues(gitlab)
    assert closed.closed_at
    assert closed.description
    assert "**Resolved:** the resources of `prod` match its state again. The drift was:" in closed.description
    assert f"|   {VARIABLE} region: deleted outside Pulumi\n" in closed.description
    assert capsys.readouterr().out.count("Closed: ") == 1

    assert check_drift(DRIFT) == 1
    assert [issue.closed_at is None for issue in issues(gitlab)] == [False, True]


def test_each_stack_has_its_own_issue_and_those_of_other_users_stay_unchanged(
    gitlab: GitLab, check_drift: DriftCheck
) -> None:
    assert check_drift(DRIFT) == check_drift(DRIFT, stack="prod2") == 1
    mine, other = issues(gitlab)
    instance = gitlab.application.extensions[INSTANCE]
    mine.author = next(t.user for t in instance.tokens.values() if t.user.username == "developer")
    assert check_drift(CLEAN) == check_drift(CLEAN, stack="dev") == 0
    assert (mine.closed_at, other.closed_at) == (None, None)
    assert check_drift(DRIFT) == 1
    assert len(issues(gitlab)) == 3


def test_an_issue_is_not_opened_twice_after_a_lost_response(gitlab: GitLab) -> None:
    gitlab.lose_next_post_response = True
    waited: list[float] = []
    report_drift(place(gitlab, waited.append), "x")
    assert (len(waited), len(issues(gitlab))) == (1, 1)


def test_an_issue_is_found_among_many(gitlab: GitLab) -> None:
    report_drift(place(gitlab), "x")
    for number in range(45):
        report_drift(place(gitlab, f"other{number}"), "x")
    report_end(place(gitlab))
    assert [issue.iid for issue in issues(gitlab) if issue.closed_at] == [1]


def test_a_long_report_is_cut(gitlab: GitLab) -> None:
    report_drift(place(gitlab), "\n".join("x" * 1000 for _ in range(2000)))
    assert len(issues(gitlab)[0].description or "") < 1_048_576


def test_requests_end_after_the_last_attempt(gitlab: GitLab) -> None:
    gitlab.failures = [Response(status=503) for _ in range(ATTEMPTS)]
    with pytest.raises(GitLabError, match="4 times; run the job again later"):
        report_end(place(gitlab, lambda _: None))


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        (
            "REVIEW_TOKEN",
            "",
            "no drift issue: the variable REVIEW_TOKEN is not set; set it to a project",
        ),
        ("REVIEW_TOKEN", f"{TOKEN}-read-api", "answered 403"),
        ("CI_PROJECT_ID", "", "CI_PROJECT_ID not set: a drift issue requires a GitLab CI job"),
    ],
)
def test_a_failure_to_write_the_issue_does_not_hide_the_drift(
    gitlab: GitLab,
    check_drift: DriftCheck,
    variable: str,
    value: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(variable, value)
    assert check_drift(DRIFT) == 1
    printed = capsys.readouterr()
    assert "region: deleted outside Pulumi" in printed.out
    assert message in printed.err
    assert TOKEN not in printed.err
    assert check_drift(CLEAN) == (0 if "403" in message else 3)


def test_a_project_without_issues_is_reported(
    gitlab: GitLab, check_drift: DriftCheck, capsys: pytest.CaptureFixture[str]
) -> None:
    gitlab.application.extensions[INSTANCE].projects[7].issues_enabled = False
    assert check_drift(DRIFT) == 1
    assert "POST projects/7/issues: GitLab answered 403" in capsys.readouterr().err
