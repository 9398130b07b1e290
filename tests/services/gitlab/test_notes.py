"""The notes of a merge request."""

import pytest

from sandbox.services.gitlab.access import INSTANCE
from sandbox.services.gitlab.state import Note, Role
from tests.services.gitlab.caller import TOKEN

NOTES = "projects/7/merge_requests/1/notes"


def test_the_life_cycle_of_a_note(call):
    made = call("POST", NOTES, {"body": "first"})
    assert (made.status, made.body["author"]["username"], made.body["system"]) == (201, "root", False)
    path = f"{NOTES}/{made.body['id']}"
    assert call("GET", NOTES).body == [made.body]
    changed = call("PUT", path, {"body": "second"})
    assert (changed.status, changed.body["body"], changed.body["id"]) == (200, "second", made.body["id"])
    assert [note["body"] for note in call("GET", NOTES).body] == ["second"]


def test_notes_are_paginated_newest_first_by_default(call):
    for number in range(25):
        call("POST", NOTES, {"body": str(number)})
    first = call("GET", NOTES)
    assert [note["body"] for note in first.body] == [str(number) for number in range(24, 4, -1)]
    assert first.headers["x-next-page"] == "2"
    last = call("GET", f"{NOTES}?sort=asc&per_page=10&page=3")
    assert [note["body"] for note in last.body] == ["20", "21", "22", "23", "24"]
    assert last.headers["x-next-page"] == ""


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (" ", '400 Bad request - Note {:note=>["can\'t be blank"]}'),
        (
            "é" * 1_000_001,
            '400 Bad request - Note {:note=>["is too long (maximum is 1000000 characters)"]}',
        ),
    ],
)
def test_an_invalid_text_of_a_new_note_is_refused(call, body, reason):
    answer = call("POST", NOTES, {"body": body})
    assert (answer.status, answer.body) == (400, {"message": reason})
    assert call("GET", NOTES).body == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (" ", {"error": "body is empty"}),
        (
            "é" * 1_000_001,
            {"message": '400 Bad request - Note {:note=>["is too long (maximum is 1000000 characters)"]}'},
        ),
    ],
)
def test_an_invalid_text_of_a_change_is_refused(call, body, expected):
    path = f"{NOTES}/{call('POST', NOTES, {'body': 'first'}).body['id']}"
    answer = call("PUT", path, {"body": body})
    assert (answer.status, answer.body) == (400, expected)
    assert [note["body"] for note in call("GET", NOTES).body] == ["first"]


def test_the_longest_note(call):
    assert call("POST", NOTES, {"body": "é" * 1_000_000}).status == 201
    assert call("POST", NOTES).body == {"error": "body is missing"}


def test_only_its_author_and_a_maintainer_may_change_a_note(call):
    body = {"body": "another"}
    of_the_administrator = call("POST", NOTES, {"body": "mine"}).body["id"]
    developer = call.as_("developer")
    refused = developer("PUT", f"{NOTES}/{of_the_administrator}", body)
    assert (refused.status, refused.body) == (403, {"message": "403 Forbidden"})
    of_the_developer = developer("POST", NOTES, {"body": "mine"}).body["id"]
    assert call.as_("maintainer")("PUT", f"{NOTES}/{of_the_developer}", body).status < 300


def test_a_system_note_cannot_be_changed(call, application):
    instance = application.extensions[INSTANCE]
    author = next(iter(instance.tokens.values())).user
    note = Note(next(instance.note_ids), author, "changed the title", "2026", "2026", system=True)
    instance.projects[7].merge_requests[1].notes.append(note)
    assert call("PUT", f"{NOTES}/{note.id}", {"body": "another"}).status == 403


def test_a_read_token_cannot_create_a_note(call):
    reader = call.as_("read-api")
    assert reader("GET", NOTES).status == 200
    answer = reader("POST", NOTES, {"body": "text"})
    assert (answer.status, answer.body["error"]) == (403, "insufficient_scope")


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "projects/7/merge_requests/2/notes", "404 Not found"),
        ("GET", "projects/9/merge_requests/1/notes", "404 Project Not Found"),
        ("PUT", f"{NOTES}/99", "404 Note Not Found"),
    ],
)
def test_missing_objects_are_not_found(call, method, path, message):
    answer = call(method, path, {"body": "another"} if method == "PUT" else None)
    assert (answer.status, answer.body) == (404, {"message": message})


def test_a_guest_sees_no_notes(call, application):
    application.extensions[INSTANCE].tokens[f"{TOKEN}-developer"].user.roles[42] = Role.GUEST
    guest = call.as_("developer")
    assert guest("GET", "projects/7/merge_requests/1").status == 403
    for method, body in (("GET", None), ("POST", {"body": "text"})):
        answer = guest(method, NOTES, body)
        assert (answer.status, answer.body) == (404, {"message": "404 MergeRequest Not Found"})


def test_notes_of_a_project_without_membership_are_not_found(call, application):
    project = application.extensions[INSTANCE].projects[8]
    project.merge_requests = application.extensions[INSTANCE].projects[7].merge_requests
    assert call("GET", "projects/8/merge_requests/1/notes").status == 200
    assert call.as_("developer")("GET", "projects/8/merge_requests/1/notes").status == 404
