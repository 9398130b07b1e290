"""The issues of a project."""

import pytest

from sandbox.services.gitlab.access import INSTANCE

ISSUES = "projects/7/issues"


def test_the_life_cycle_of_an_issue(call):
    made = call("POST", ISSUES, {"title": "one", "labels": "drift,prod", "confidential": True})
    assert made.status == 201
    assert (made.body["iid"], made.body["state"], made.body["labels"]) == (1, "opened", ["drift", "prod"])
    assert made.body["web_url"].endswith("/team/app/-/issues/1")
    path = f"{ISSUES}/1"
    assert call("GET", ISSUES).body == [made.body]
    closed = call("PUT", path, {"description": "over", "state_event": "close"})
    assert (closed.status, closed.body["state"], closed.body["description"]) == (200, "closed", "over")
    assert closed.body["closed_at"]
    assert call("PUT", path, {"state_event": "reopen"}).body["closed_at"] is None


def test_issues_are_found_by_all_of_their_labels_and_their_state(call):
    for title, labels in (("a", "drift"), ("b", "drift,prod"), ("c", "prod")):
        call("POST", ISSUES, {"title": title, "labels": labels})
    call("PUT", f"{ISSUES}/1", {"state_event": "close"})

    def found(query):
        return [issue["title"] for issue in call("GET", f"{ISSUES}?{query}").body]

    assert found("") == ["c", "b", "a"]
    assert found("labels=drift&sort=asc") == ["a", "b"]
    assert found("labels=drift,prod") == ["b"]
    assert found("labels=drift&state=opened") == ["b"]
    assert found("state=closed") == ["a"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "refusal"),
    [
        ("POST", ISSUES, {}, 400, {"error": "title is missing"}),
        ("POST", ISSUES, {"title": " "}, 400, {"message": {"title": ["can't be blank"]}}),
        (
            "POST",
            ISSUES,
            {"title": "x" * 256},
            400,
            {"message": {"title": ["is too long (maximum is 255 characters)"]}},
        ),
        (
            "POST",
            ISSUES,
            {"title": "x", "description": "x" * 1_048_577},
            400,
            {"message": {"description": ["is too long (maximum is 1048576 characters)"]}},
        ),
        ("PUT", f"{ISSUES}/9", {"title": "x"}, 404, {"message": "404 Not found"}),
        ("GET", f"{ISSUES}?state=open", None, 400, {"error": "state does not have a valid value"}),
    ],
)
def test_invalid_requests_are_refused(call, method, path, body, status, refusal):
    answer = call(method, path, body)
    assert (answer.status, answer.body) == (status, refusal)


def test_an_empty_change_is_refused(call):
    call("POST", ISSUES, {"title": "one"})
    assert "at least one parameter must be provided" in call("PUT", f"{ISSUES}/1", {}).body["error"]


def test_no_issue_is_created_or_found_if_issues_are_disabled(call, application):
    call("POST", ISSUES, {"title": "one"})
    application.extensions[INSTANCE].projects[7].issues_enabled = False
    answer = call("POST", ISSUES, {"title": "two"})
    assert (answer.status, answer.body) == (403, {"message": "403 Forbidden"})
    assert call("GET", ISSUES).body == []


def test_a_read_token_cannot_create_an_issue(call):
    assert call.as_("read-api")("POST", ISSUES, {"title": "one"}).status == 403
    assert call.as_("developer")("POST", ISSUES, {"title": "one", "labels": "drift"}).body["labels"] == [
        "drift"
    ]
