"""The notes API for merge requests.

Sources: GitLab's `lib/api/notes.rb`, `lib/api/helpers/notes_helpers.rb`, `app/policies/note_policy.rb` and
`app/models/note.rb`.
"""

from typing import Any

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from sandbox.services.gitlab.access import (
    authenticate,
    current_user,
    find_project,
    instance,
    role_in,
)
from sandbox.services.gitlab.clock import now
from sandbox.services.gitlab.merge_requests import found_merge_request
from sandbox.services.gitlab.pages import page_of
from sandbox.services.gitlab.parameters import PAGINATION, Parameter, read_parameters
from sandbox.services.gitlab.refusals import bad_request, forbidden, invalid_parameters, not_found
from sandbox.services.gitlab.state import MergeRequest, Note, Project, Role

BODY_LENGTH = 1_000_000

_NOTES = "/projects/<path:identifier>/merge_requests/<int:iid>/notes"
_ORDER = (
    Parameter("sort", values=("asc", "desc")),
    Parameter("order_by", values=("created_at", "updated_at")),
)
_BODY = Parameter("body", required=True)

blueprint = Blueprint("notes", __name__)
blueprint.before_request(authenticate)


@blueprint.get(_NOTES)
def list_notes(identifier: str, iid: int) -> Response:
    """Lists the notes of a merge request, by default the newest first."""
    _, merge_request = _noteable(identifier, iid)
    parameters = read_parameters((*PAGINATION, *_ORDER))
    key = parameters.get("order_by", "created_at")
    notes = sorted(
        merge_request.notes,
        key=lambda note: (getattr(note, key), note.id),
        reverse=parameters.get("sort", "desc") == "desc",
    )
    return page_of([note_details(note, merge_request) for note in notes], parameters)


@blueprint.post(_NOTES)
def create_note(identifier: str, iid: int) -> ResponseReturnValue:
    """Creates a note."""
    _, merge_request = _noteable(identifier, iid)
    body = read_parameters((_BODY,))["body"]
    if problem := _problem(body):
        raise bad_request(f"Note {problem}")
    moment = now()
    note = Note(next(instance().note_ids), current_user(), body, moment, moment)
    merge_request.notes.append(note)
    return jsonify(note_details(note, merge_request)), 201


@blueprint.get(f"{_NOTES}/<int:number>")
def show_note(identifier: str, iid: int, number: int) -> Response:
    """Shows a note."""
    read_parameters()
    _, merge_request, note = _found_note(identifier, iid, number)
    return jsonify(note_details(note, merge_request))


@blueprint.put(f"{_NOTES}/<int:number>")
def update_note(identifier: str, iid: int, number: int) -> Response:
    """Updates a note; allowed for its author and maintainers."""
    project, merge_request, note = _found_note(identifier, iid, number)
    body = read_parameters((_BODY,))["body"]
    if not body.strip():
        raise invalid_parameters(["body is empty"])
    _require_right_to_change(project, note)
    if problem := _problem(body):
        raise bad_request(f"Note {problem}")
    note.body, note.updated_at = body, now()
    return jsonify(note_details(note, merge_request))


@blueprint.delete(f"{_NOTES}/<int:number>")
def delete_note(identifier: str, iid: int, number: int) -> ResponseReturnValue:
    """Deletes a note; allowed for its author and maintainers."""
    read_parameters()
    project, merge_request, note = _found_note(identifier, iid, number)
    _require_right_to_change(project, note)
    merge_request.notes.remove(note)
    return "", 204


def note_details(note: Note, merge_request: MergeRequest) -> dict[str, Any]:
    """A note in the API's response."""
    return {
        "id": note.id,
        "type": None,
        "body": note.body,
        "author": note.author.summary,
        "created_at": note.created_at,
        "updated_at": note.updated_at,
        "system": note.system,
        "noteable_type": "MergeRequest",
        "noteable_iid": merge_request.iid,
        "resolvable": False,
        "internal": False,
    }


def _noteable(identifier: str, iid: int) -> tuple[Project, MergeRequest]:
    """A merge request and its project; 404 also if not visible to the user, which is 403 elsewhere."""
    project = find_project(identifier)
    if iid in project.merge_requests and role_in(project) < Role.REPORTER:
        raise not_found("MergeRequest")
    return found_merge_request(identifier, iid)


def _found_note(identifier: str, iid: int, number: int) -> tuple[Project, MergeRequest, Note]:
    project, merge_request = _noteable(identifier, iid)
    for note in merge_request.notes:
        if note.id == number:
            return project, merge_request, note
    raise not_found("Note")


def _require_right_to_change(project: Project, note: Note) -> None:
    may = note.author is current_user() or role_in(project) >= Role.MAINTAINER
    if note.system or not may:
        raise forbidden()


def _problem(body: str) -> str:
    """The validation error of a note's text in GitLab's words; empty if valid."""
    if not body.strip():
        return """{:note=>["can't be blank"]}"""
    if len(body) > BODY_LENGTH:
        return f'{{:note=>["is too long (maximum is {BODY_LENGTH} characters)"]}}'
    return ""
