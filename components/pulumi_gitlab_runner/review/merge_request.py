"""The note of a stack on a merge request: written once, then kept up to date.

Source: docs.gitlab.com/api/notes. A job's own token, CI_JOB_TOKEN, cannot write notes.
"""

import json
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pulumi_gitlab_runner.http.bounded_json import read_json
from pulumi_gitlab_runner.http.client import Answer, HttpClient
from pulumi_gitlab_runner.http.deadline import Deadline
from pulumi_gitlab_runner.http.errors import HttpError, NotTrustedError, RedirectError, TooLargeError
from pulumi_gitlab_runner.printable import printable
from pulumi_gitlab_runner.review.errors import NoteError, NoTokenError

ATTEMPTS = 4
_LONGEST_WAIT_S = 30.0
_PATIENCE_S = 30.0
_PAGE_SIZE = 20
_MOST_PAGES = 250
"""GitLab takes 5,000 notes on a merge request (docs.gitlab.com/administration/instance_limits)."""
_LARGEST_PAGE = 16 * 1024 * 1024
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
    with HttpClient(verify) as client:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return _put(client, place, note)
            except _PassingError as passing:
                if attempt == ATTEMPTS:
                    raise NoteError(f"{passing}, {ATTEMPTS} times; run the job again later") from None
                wait(2.0**attempt if passing.wait is None else min(passing.wait, _LONGEST_WAIT_S))
    raise AssertionError("unreachable")


def _put(client: HttpClient, place: MergeRequest, note: str) -> None:
    known = _own_note(client, place, note.partition("\n")[0])
    if known is None:
        _send(client, place, "POST", place.notes, {"body": note})
    else:
        _send(client, place, "PUT", f"{place.notes}/{known}", {"body": note})


def _own_note(client: HttpClient, place: MergeRequest, marker: str) -> int | None:
    """The oldest note with this first line that the token's own user wrote."""
    try:
        user = read_json(_send(client, place, "GET", "user").content)["id"]
        for page in range(1, _MOST_PAGES + 1):
            asked = f"?sort=asc&order_by=created_at&per_page={_PAGE_SIZE}&page={page}"
            answer = _send(client, place, "GET", place.notes + asked)
            for note in read_json(answer.content):
                if note["author"]["id"] == user and note["body"].partition("\n")[0].rstrip() == marker:
                    return int(note["id"])
            next_page = answer.headers.get("x-next-page", "")
            if not next_page:
                return None
            if next_page != str(page + 1):
                raise ValueError
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError):
        raise NoteError(f"{place.api} does not answer as GitLab's API does") from None
    raise NoteError(f"the merge request has more than {_MOST_PAGES * _PAGE_SIZE} notes; none was written")


def _send(
    client: HttpClient, place: MergeRequest, method: str, path: str, content: Mapping[str, str] | None = None
) -> Answer:
    headers = {"Private-Token": place.token, "Content-Type": "application/json"}
    shown = path.partition("?")[0]
    try:
        answer = client.ask(
            method,
            f"{place.api.rstrip('/')}/{path}",
            headers=headers,
            content=None if content is None else json.dumps(content).encode(),
            deadline=Deadline(_PATIENCE_S),
            limit=_LARGEST_PAGE,
            follow=False,
        )
    except (NotTrustedError, RedirectError, TooLargeError) as error:
        raise NoteError(f"GitLab at {place.api} {error}") from None
    except HttpError as error:
        raise _PassingError(f"GitLab at {place.api} {error}") from None
    if answer.status == 429 or answer.status >= 500:
        after = answer.headers.get("retry-after", "")
        wait = float(after) if after.isascii() and after.isdecimal() else None
        raise _PassingError(f"{method} {shown}: GitLab answered {answer.status}", wait)
    if not 200 <= answer.status < 300:
        text = answer.content[:1200].decode(errors="replace")
        reason = printable(" ".join(text.split()))[:300]
        mend = _MENDS.get(answer.status, "")
        raise NoteError(f"{method} {shown}: GitLab answered {answer.status} {reason}{mend}")
    return answer


_MENDS = {
    401: "; the token has expired or was revoked: make a new one",
    403: "; the token needs the scope `api`, and its user the role Reporter or higher",
    404: "; the token's user must be a member of the project that the merge request is for",
}
