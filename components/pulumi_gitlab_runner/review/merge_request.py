"""The note of a stack on a merge request: written once, then kept up to date.

Source: docs.gitlab.com/api/notes. A job's own token, CI_JOB_TOKEN, cannot write notes.
"""

import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from pulumi_gitlab_runner.printable import printable
from pulumi_gitlab_runner.review.errors import NoteError, NoTokenError

ATTEMPTS = 4
_LONGEST_WAIT_S = 30.0
_PAGE_SIZE = 100
_WHERE = ("CI_API_V4_URL", "CI_MERGE_REQUEST_PROJECT_ID", "CI_MERGE_REQUEST_IID")


@dataclass(frozen=True)
class MergeRequest:
    """A merge request, and the token that its note is written with.

    Attributes:
        api: the address of GitLab's API.
        project: the project that the merge request is for, by its id: in a fork's pipeline not the fork.
        number: the merge request's number there.
        token: a token of the scope `api`.
        authorities: the file of the certificate authorities to trust; empty for the system's.
    """

    api: str
    project: str
    number: str
    token: str = field(repr=False)
    authorities: str = ""

    @property
    def notes(self) -> str:
        """The path of its notes."""
        return f"projects/{self.project}/merge_requests/{self.number}/notes"


class _PassingError(Exception):
    """GitLab could not answer now; it may a little later."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


def is_of_a_fork(environment: Mapping[str, str]) -> bool:
    """Whether a job's variables are those of a merge request that runs in a fork's own pipeline."""
    target = environment.get("CI_MERGE_REQUEST_PROJECT_ID", "")
    return target not in ("", environment.get("CI_PROJECT_ID"))


def merge_request_of(environment: Mapping[str, str], token_variable: str) -> MergeRequest:
    """The merge request of a job, by GitLab's predefined variables.

    Raises:
        NoteError: it is not the job of a merge request, or the variable holds no token.
        NoTokenError: the token is missing.
    """
    if missing := [name for name in _WHERE if not environment.get(name)]:
        raise NoteError(
            f"{', '.join(missing)} not set: a note needs the pipeline of a merge request; "
            'give the job the rule `if: $CI_PIPELINE_SOURCE == "merge_request_event"`'
        )
    token = environment.get(token_variable, "").strip()
    if not token:
        why = "a fork's pipeline has none of the project's variables" if is_of_a_fork(environment) else ""
        raise NoTokenError(
            f"no note on the merge request: the variable {token_variable} is not set; "
            + (why or "give it a project access token of the scope `api`, masked, and not protected")
        )
    if not re.fullmatch("[!-~]+", token):
        raise NoteError(f"the variable {token_variable} holds what no token is: blanks or odd characters")
    api, project, number = (environment[name] for name in _WHERE)
    return MergeRequest(api, project, number, token, environment.get("CI_SERVER_TLS_CA_FILE", ""))


def put_note(place: MergeRequest, note: str, wait: Callable[[float], None] = time.sleep) -> None:
    """Write the note, or bring the one up to date that the same user wrote for the same stack.

    Each attempt looks for the note anew, so one whose answer was lost is not written twice.

    Args:
        place: the merge request.
        note: the text; its first line is what the note is found again by.
        wait: called with the seconds between two attempts.

    Raises:
        NoteError: GitLab is not reachable, or refuses.
    """
    verify = ssl.create_default_context(cafile=place.authorities or None)
    with httpx.Client(
        base_url=place.api.rstrip("/") + "/",
        headers={"Private-Token": place.token},
        verify=verify,
        timeout=30,
    ) as client:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return _put(client, place, note)
            except _PassingError as passing:
                if attempt == ATTEMPTS:
                    raise NoteError(f"{passing}, {ATTEMPTS} times; run the job again later") from None
                wait(2.0**attempt if passing.wait is None else min(passing.wait, _LONGEST_WAIT_S))
    raise AssertionError("unreachable")


def _put(client: httpx.Client, place: MergeRequest, note: str) -> None:
    known = _own_note(client, place, note.partition("\n")[0])
    if known is None:
        _send(client, "POST", place.notes, json={"body": note})
    else:
        _send(client, "PUT", f"{place.notes}/{known}", json={"body": note})


def _own_note(client: httpx.Client, place: MergeRequest, marker: str) -> int | None:
    """The oldest note with this first line that the token's own user wrote."""
    user = _send(client, "GET", "user").json()["id"]
    page = "1"
    while page:
        asked = {"sort": "asc", "order_by": "created_at", "per_page": str(_PAGE_SIZE), "page": page}
        answer = _send(client, "GET", place.notes, params=asked)
        for note in answer.json():
            if note["author"]["id"] == user and note["body"].partition("\n")[0].rstrip() == marker:
                return int(note["id"])
        page = answer.headers.get("x-next-page", "")
    return None


def _send(client: httpx.Client, method: str, path: str, **content: Any) -> httpx.Response:
    try:
        answer = client.request(method, path, **content)
    except httpx.TransportError as error:
        raise _PassingError(
            f"GitLab at {client.base_url} is not reachable ({type(error).__name__})"
        ) from None
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
        after = answer.headers.get("retry-after", "")
        wait = float(after) if after.isdecimal() else None
        raise _PassingError(f"{method} {path}: GitLab answered {answer.status_code}", wait)
    if not answer.is_success:
        reason = printable(" ".join(answer.text[:300].split()))
        mend = _MENDS.get(answer.status_code, "")
        raise NoteError(f"{method} {path}: GitLab answered {answer.status_code} {reason}{mend}")
    return answer


_MENDS = {
    401: "; the token has expired or was revoked: make a new one",
    403: "; the token needs the scope `api`, and its user the role Reporter or higher",
    404: "; the token's user must be a member of the project that the merge request is for",
}
