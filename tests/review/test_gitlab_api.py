"""Requests to GitLab's API, against prepared responses."""

import json
from typing import Any

import pytest
from pulumi_gitlab_runner.review.errors import GitLabError, NoTokenError
from pulumi_gitlab_runner.review.gitlab_api import Access, access_of, need, patiently

from tests.http.server import END, Scripted, answer, serving


def call(script: Scripted, action: Any) -> tuple[Any, list[float]]:
    """The result of an action, and the seconds of each wait."""
    waited: list[float] = []
    return patiently(Access(f"{script.url}api/v4/", "the-token", wait=waited.append), action), waited


def refusal(*answers: bytes) -> GitLabError:
    with serving(*answers) as script, pytest.raises(GitLabError) as raised:
        call(script, lambda gitlab: gitlab.send("POST", "projects/7/notes?sort=asc", {"body": "a note"}))
    return raised.value


def test_the_content_of_requests() -> None:
    with serving(answer(201, b'{"id": 1}'), answer(200, b'{"id": 5}')) as script:
        found, waited = call(script, lambda gitlab: (gitlab.sent("POST", "notes", {"a": 1}), gitlab.user()))
    assert (found, waited) == (({"id": 1}, 5), [])
    assert [each.splitlines()[0] for each in script.requests] == [
        "POST /api/v4/notes HTTP/1.1",
        "GET /api/v4/user HTTP/1.1",
    ]
    for each in script.requests:
        assert {"Private-Token: the-token", "Content-Type: application/json"} <= set(each.splitlines())
    assert f"Content-Length: {len(json.dumps({'a': 1}))}" in script.requests[0].splitlines()


@pytest.mark.parametrize("status", [429, 500, 502, 599])
def test_a_temporary_failure_is_retried(status: int) -> None:
    with serving(*[answer(status)] * 3, answer(200, b"[7]")) as script:
        assert call(script, lambda gitlab: gitlab.read("a")) == ([7], [2, 4, 8])


@pytest.mark.parametrize(
    ("retry_after", "waited"), [("0", 0), ("29", 29), ("31", 30), ("-1", 2), ("٣", 2), ("1.5", 2)]
)
def test_the_wait_follows_retry_after(retry_after: str, waited: float) -> None:
    busy = answer(429, Retry_After="X").replace(b"X", retry_after.encode())
    with serving(busy, answer(200, b"1")) as script:
        assert call(script, lambda gitlab: gitlab.read("a")) == (1, [waited])


def test_requests_end_after_four_attempts() -> None:
    error = refusal(*[answer(503)] * 4, answer(200))
    assert str(error) == "POST projects/7/notes: GitLab answered 503, 4 times; run the job again later"
    assert "ended the connection before it answered, 4 times" in str(refusal(*[END] * 4))


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        (300, ""),
        (400, ""),
        (401, "; the token has expired or was revoked: create a new one"),
        (403, "; the token needs the scope `api`, and its user the role Reporter or higher"),
        (404, "; the token's user must be a member of the project, with the role Reporter or higher"),
        (428, ""),
        (499, ""),
    ],
)
def test_a_refusal_is_not_retried_and_has_its_fix(status: int, fix: str) -> None:
    error = refusal(answer(status, b'{"message":\n "no"}'))
    assert str(error) == f'POST projects/7/notes: GitLab answered {status} {{"message": "no"}}{fix}'
    assert error.status == status


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_each_status_of_success(status: int) -> None:
    with serving(answer(status, b"1")) as script:
        assert call(script, lambda gitlab: gitlab.send("GET", "a").status) == (status, [])


def test_a_response_may_be_as_large_as_a_list_of_notes() -> None:
    """A note has up to a million characters."""
    content = json.dumps("x" * 1_000_000).encode()
    with serving(answer(200, content)) as script:
        assert len(call(script, lambda gitlab: gitlab.read("notes"))[0]) == 1_000_000


def test_a_long_refusal_is_cut() -> None:
    assert str(refusal(answer(400, b"x" * 301))) == f"POST projects/7/notes: GitLab answered 400 {'x' * 300}"
    # At most 1,200 bytes of a refusal are read.
    assert str(refusal(answer(400, b" " * 1199 + b"xy"))).endswith("answered 400 x")


def test_a_redirect_is_not_followed() -> None:
    with serving(answer(200)) as other:
        error = refusal(answer(302, Location=other.url))
    assert error.status == 302
    assert other.requests == []


@pytest.mark.parametrize(("path", "separator"), [("notes", "?"), ("notes?sort=asc", "&")])
def test_a_list_is_read_page_by_page(path: str, separator: str) -> None:
    pages = [answer(200, b"[1, 2]", X_Next_Page="2"), answer(200, b"[3]", X_Next_Page="")]
    with serving(*pages) as script:
        assert call(script, lambda gitlab: list(gitlab.listed(path))) == ([1, 2, 3], [])
    assert [each.split()[1] for each in script.requests] == [
        f"/api/v4/{path}{separator}per_page=20&page={page}" for page in (1, 2)
    ]


@pytest.mark.parametrize(("pages", "whole"), [(250, True), (251, False)])
def test_a_list_has_five_thousand_entries_at_most(pages: int, whole: bool) -> None:
    answers = [answer(200, b"[1]", X_Next_Page=str(page + 1)) for page in range(1, pages)]
    with serving(*answers, answer(200, b"[1]")) as script:
        if whole:
            assert call(script, lambda gitlab: sum(gitlab.listed("notes?a")))[0] == pages
        else:
            with pytest.raises(GitLabError, match=r"^notes: more than 5000 entries; nothing was changed$"):
                call(script, lambda gitlab: list(gitlab.listed("notes?a")))


@pytest.mark.parametrize("next_page", ["1", "3", "x"])
def test_a_list_whose_pages_are_out_of_order_is_refused(next_page: str) -> None:
    page = answer(200, b"[1]", X_Next_Page=next_page)
    with serving(page) as script, pytest.raises(GitLabError, match="is not a response of GitLab's API"):
        call(script, lambda gitlab: list(gitlab.listed("notes")))


ENVIRONMENT = {"CI_API_V4_URL": "https://gitlab.example.com/api/v4", "TOKEN": " the-token\n"}


def test_the_access_of_a_job_comes_from_its_variables() -> None:
    assert access_of(ENVIRONMENT, "TOKEN", "") == Access(ENVIRONMENT["CI_API_V4_URL"], "the-token")
    authority = {"CI_SERVER_TLS_CA_FILE": "/builds/ca.crt"}
    assert access_of(ENVIRONMENT | authority, "TOKEN", "").authorities == "/builds/ca.crt"
    assert "the-token" not in repr(access_of(ENVIRONMENT, "TOKEN", ""))
    with pytest.raises(NoTokenError, match=r"^the variable OTHER is not set; give it$"):
        access_of(ENVIRONMENT, "OTHER", "give it")


@pytest.mark.parametrize(("token", "good"), [("!~", True), ("a b", False), ("a\x7f", False), ("ü", False)])
def test_a_token_is_one_word(token: str, good: bool) -> None:
    environment = ENVIRONMENT | {"TOKEN": token}
    if good:
        assert access_of(environment, "TOKEN", "").token == token
    else:
        with pytest.raises(GitLabError, match="the variable TOKEN is not a valid token"):
            access_of(environment, "TOKEN", "")


def test_missing_variables_are_named() -> None:
    need({"A": "1"}, ("A",), "fix")
    with pytest.raises(GitLabError, match=r"^B, C not set: fix$"):
        need({"A": "1", "B": ""}, ("A", "B", "C"), "fix")


def test_requests_share_one_connection() -> None:
    with serving(*[answer(200, b"1")] * 3) as script:
        call(script, lambda gitlab: [gitlab.read("a") for _ in range(3)])
        assert script.connections == 1
