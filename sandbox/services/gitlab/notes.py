"""The notes API for merge requests.

Sources: GitLab's `lib/api/notes.rb`, `lib/api/helpers/notes_helpers.rb`, `app/policies/note_policy.rb` and
`app/models/note.rb`.
"""

from typing import Any

from sandbox.services.gitlab.access import current_user, instance, role_in
from sandbox.services.gitlab.endpoints import endpoint
from sandbox.services.gitlab.merge_requests import found_merge_request
from sandbox.services.gitlab.parameters import Parameter
from sandbox.services.gitlab.refusals import (
    bad_request,
    blank,
    forbidden,
    inspected,
    invalid_parameters,
    not_found,
    too_long,
)
from sandbox.services.gitlab.state import MergeRequest, Note, Project, Role, now

BODY_LENGTH = 1_000_000

_NOTES = "/projects/<path:project>/merge_requests/<int:iid>/notes"
_ORDER = (
    Parameter("sort", values=("asc", "desc")),
    Parameter("order_by", values=("created_at", "updated_at")),
)
_BODY = Parameter("body", required=True)


@endpoint(f"GET {_NOTES}", *_ORDER, paged=True)
def list_notes(project: Project, iid: int, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Lists the notes of a merge request, by default the newest first."""
    merge_request = _noteable(project, iid)
    key = asked.get("order_by", "created_at")
    notes = sorted(
        merge_request.notes,
        key=lambda note: (getattr(note, key), note.id),
        reverse=asked.get("sort", "desc") == "desc",
    )
    return [note_details(note, merge_request) for note in notes]


@endpoint(f"POST {_NOTES}", _BODY, status=201)
def create_note(project: Project, iid: int, asked: dict[str, str]) -> dict[str, Any]:
    """Creates a note."""
    merge_request = _noteable(project, iid)
    _check(asked["body"])
    moment = now()
    note = Note(next(instance().note_ids), current_user(), asked["body"], moment, moment)
    merge_request.notes.append(note)
    return note_details(note, merge_request)


@endpoint(f"PUT {_NOTES}/<int:number>", _BODY)
def update_note(project: Project, iid: int, number: int, asked: dict[str, str]) -> dict[str, Any]:
    """Updates a note; allowed for its author and maintainers."""
    merge_request = _noteable(project, iid)
    note = _found_note(merge_request, number)
    if blank(asked["body"]):
        raise invalid_parameters(["body is empty"])
    _require_right_to_change(project, note)
    _check(asked["body"])
    note.body, note.updated_at = asked["body"], now()
    return note_details(note, merge_request)


def note_details(note: Note, merge_request: MergeRequest) -> dict[str, Any]:
    """A note in the API's response."""
    return {
        **vars(note),
        "author": note.author.summary,
        "type": None,
        "noteable_type": "MergeRequest",
        "noteable_iid": merge_request.iid,
        "resolvable": False,
        "internal": False,
    }


def _noteable(project: Project, iid: int) -> MergeRequest:
    """A merge request; 404 also if not visible to the user, which is 403 elsewhere."""
    if iid in project.merge_requests and role_in(project) < Role.REPORTER:
        raise not_found("MergeRequest")
    return found_merge_request(project, iid)


def _found_note(merge_request: MergeRequest, number: int) -> Note:
    for note in merge_request.notes:
        if note.id == number:
            return note
    raise not_found("Note")


def _require_right_to_change(project: Project, note: Note) -> None:
    may = note.author is current_user() or role_in(project) >= Role.MAINTAINER
    if note.system or not may:
        raise forbidden()


def _check(body: str) -> None:
    if errors := blank(body) or too_long(body, BODY_LENGTH):
        raise bad_request(f"Note {inspected({'note': errors})}")
