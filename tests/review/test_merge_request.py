"""The note on a merge request: how it is found and kept up to date, and how GitLab refuses it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Response
from pulumi_gitlab_runner.review.errors import GitLabError, NoTokenError
from pulumi_gitlab_runner.review.gitlab_api import ATTEMPTS
from pulumi_gitlab_runner.review.merge_request import Behind, behind, merge_request_of, put_note
from pulumi_gitlab_runner.review.note import marker

from tests.review.gitlab_server import TOKEN, GitLab
from tests.review.gitlab_server import gitlab as started

PROD, PROD2 = f"{marker('prod')}\nfirst\n", f"{marker('prod2')}\nother\n"


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    with started() as double:
        yield double


def put(gitlab: GitLab, note: str, **variables: str) -> list[float]:
    """Put the note, and return the seconds that were waited."""
    waited: list[float] = []
    found = merge_request_of(gitlab.environment(**variables), "REVIEW_TOKEN")
    put_note(replace(found, access=replace(found.access, wait=waited.append)), note)
    return waited


def bodies(gitlab: GitLab) -> list[str]:
    return [note.body for note in gitlab.merge_request.notes]


def test_a_note_is_written_once_and_then_updated(gitlab: GitLab) -> None:
    for note in (PROD, PROD2, PROD.replace("first", "second")):
        put(gitlab, note)
    assert bodies(gitlab) == [PROD.replace("first", "second"), PROD2]


def test_a_note_is_found_among_many(gitlab: GitLab) -> None:
    for number in range(130):
        gitlab.add_note("root", str(number))
    gitlab.add_note("root", PROD)
    put(gitlab, PROD.replace("first", "second"))
    assert len(bodies(gitlab)) == 131
    assert bodies(gitlab)[-1].endswith("second\n")


def test_notes_of_other_users_stay_unchanged(gitlab: GitLab) -> None:
    gitlab.add_note("developer", PROD)
    gitlab.add_note("root", f"as in\n{PROD}")
    put(gitlab, PROD.replace("first", "second"))
    assert bodies(gitlab) == [PROD, f"as in\n{PROD}", PROD.replace("first", "second")]


def test_a_note_is_not_written_twice_after_a_lost_response(gitlab: GitLab) -> None:
    gitlab.lose_next_post_response = True
    assert len(put(gitlab, PROD)) == 1
    assert bodies(gitlab) == [PROD]


def test_the_wait_follows_retry_after_up_to_a_limit(gitlab: GitLab) -> None:
    gitlab.failures = [
        Response(status=429, headers={"Retry-After": seconds}) for seconds in ("7", "3600", "soon")
    ]
    assert put(gitlab, PROD) == [7, 30, 8]
    assert bodies(gitlab) == [PROD]


def test_requests_end_after_the_last_attempt(gitlab: GitLab) -> None:
    gitlab.failures = [Response(status=503) for _ in range(ATTEMPTS)]
    with pytest.raises(GitLabError, match="GET user: GitLab answered 503, 4 times; run the job again later"):
        put(gitlab, PROD)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"REVIEW_TOKEN": "wrong-token"}, "answered 401 .*create a new one"),
        ({"REVIEW_TOKEN": f"{TOKEN}-read-api"}, "answered 403 .*needs the scope `api`"),
        ({"CI_MERGE_REQUEST_IID": "2"}, "answered 404 .*must be a member"),
        ({"CI_MERGE_REQUEST_IID": ""}, "CI_MERGE_REQUEST_IID not set: .*merge_request_event"),
        ({"REVIEW_TOKEN": "a\nb"}, "is not a valid token"),
        ({"CI_API_V4_URL": "http://127.0.0.1:1"}, "cannot be reached: connection refused, 4 times"),
    ],
)
def test_a_refusal_has_the_fix_and_not_the_token(
    gitlab: GitLab, variables: dict[str, str], message: str
) -> None:
    with pytest.raises(GitLabError, match=message) as raised:
        put(gitlab, PROD, **variables)
    if token := variables.get("REVIEW_TOKEN"):
        assert token not in str(raised.value)
    assert TOKEN not in str(raised.value)
    assert bodies(gitlab) == []


@pytest.mark.parametrize(
    ("commits", "event", "expected"),
    [
        (0, "detached", None),
        (3, "detached", Behind(3, "main")),
        (3, "merged_result", None),
        (3, "merge_train", None),
    ],
)
def test_missing_commits_are_counted_only_in_a_pipeline_of_the_branch_itself(
    gitlab: GitLab, commits: int, event: str, expected: Behind | None
) -> None:
    gitlab.merge_request.diverged_commits = commits
    environment = gitlab.environment(CI_MERGE_REQUEST_EVENT_TYPE=event)
    assert behind(merge_request_of(environment, "REVIEW_TOKEN")) == expected


def test_a_missing_token_is_reported_with_the_reason(gitlab: GitLab) -> None:
    with pytest.raises(NoTokenError, match="project access token"):
        put(gitlab, PROD, REVIEW_TOKEN="")
    with pytest.raises(NoTokenError, match="the pipeline of a fork has no CI variables"):
        put(gitlab, PROD, REVIEW_TOKEN="", CI_PROJECT_ID="99")


def test_the_representation_hides_the_token(gitlab: GitLab) -> None:
    assert TOKEN not in repr(merge_request_of(gitlab.environment(), "REVIEW_TOKEN"))


@pytest.mark.parametrize(
    "answer",
    [
        Response("<html>log in</html>"),
        Response("{}"),
        Response("[]"),
        Response('{"id": 1}'),
        Response(b"\xff\xfe"),
        Response("[" * 100_000),
        Response("null"),
        Response('"x"'),
    ],
    ids=["a page", "no id", "a list", "no list of notes", "not UTF-8", "nested", "null", "a string"],
)
def test_a_server_other_than_gitlab_is_reported_in_one_line(gitlab: GitLab, answer: Response) -> None:
    gitlab.failures = [answer, answer] if answer.data == b'{"id": 1}' else [answer]
    with pytest.raises(GitLabError, match="is not a response of GitLab's API") as raised:
        put(gitlab, PROD)
    assert "\n" not in str(raised.value)
    assert bodies(gitlab) == []


def test_endless_pages_are_refused(gitlab: GitLab) -> None:
    user = Response('{"id": 1}')
    gitlab.failures = [user, *(Response("[]", headers={"X-Next-Page": "2"}) for _ in range(9))]
    with pytest.raises(GitLabError, match="is not a response of GitLab's API"):
        put(gitlab, PROD)
    assert len(gitlab.failures) == 7
