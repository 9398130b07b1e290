"""The note of a stack on a merge request: created once, then updated.

Source: docs.gitlab.com/api/notes. A job token, CI_JOB_TOKEN, cannot write notes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_gitlab_runner.review.gitlab_api import Access, GitLab, access_of, need, patiently

_WHERE = ("CI_API_V4_URL", "CI_MERGE_REQUEST_PROJECT_ID", "CI_MERGE_REQUEST_IID")


@dataclass(frozen=True)
class MergeRequest:
    """A merge request, and the access to it.

    Attributes:
        access: the URL of GitLab's API, and a token of the scope `api`.
        project: the ID of the target project; in a fork's pipeline, not that of the fork.
        number: the number (IID) of the merge request.
        holds_target: whether the pipeline runs on the merged result, which contains the target branch.
    """

    access: Access
    project: str
    number: str
    holds_target: bool = False

    @property
    def path(self) -> str:
        """The path of the merge request in GitLab's API."""
        return f"projects/{self.project}/merge_requests/{self.number}"

    @property
    def notes(self) -> str:
        """The path of the merge request's notes in GitLab's API."""
        return f"{self.path}/notes"


@dataclass(frozen=True)
class Behind:
    """The number of commits of the target branch that a merge request's branch lacks."""

    commits: int
    target: str


def is_of_a_fork(environment: Mapping[str, str]) -> bool:
    """Whether a job is in the pipeline of a merge request that runs in a fork."""
    target = environment.get("CI_MERGE_REQUEST_PROJECT_ID", "")
    return target not in ("", environment.get("CI_PROJECT_ID"))


def merge_request_of(environment: Mapping[str, str], token_variable: str) -> MergeRequest:
    """The merge request of a job, from GitLab's predefined variables.

    Raises:
        GitLabError: the job is not in a merge request pipeline, or the token is malformed.
        NoTokenError: the variable with the token is not set.
    """
    need(
        environment,
        _WHERE,
        "a note requires a merge request pipeline; "
        'add the rule `if: $CI_PIPELINE_SOURCE == "merge_request_event"` to the job',
    )
    why = "the pipeline of a fork has no CI variables of the project" if is_of_a_fork(environment) else ""
    fix = why or "set it to a project access token with the scope `api`, masked and not protected"
    return MergeRequest(
        access_of(environment, token_variable, fix, "no note on the merge request"),
        environment["CI_MERGE_REQUEST_PROJECT_ID"],
        environment["CI_MERGE_REQUEST_IID"],
        environment.get("CI_MERGE_REQUEST_EVENT_TYPE") in ("merged_result", "merge_train"),
    )


def behind(place: MergeRequest) -> Behind | None:
    """The commits of the target branch that a merge request's branch lacks; None if it lacks none.

    Raises:
        GitLabError: GitLab is not reachable, or refuses a request.
    """
    if place.holds_target:
        return None

    def ask(gitlab: GitLab) -> Behind | None:
        shown = gitlab.read(f"{place.path}?include_diverged_commits_count=true")
        commits = int(shown["diverged_commits_count"])
        return Behind(commits, str(shown["target_branch"])) if commits else None

    return patiently(place.access, ask)


def put_note(place: MergeRequest, note: str) -> None:
    """Create the note, or update the user's note with the same first line, the marker of the stack.

    Each attempt looks for the note first, so that a note whose response was lost is not created twice.

    Raises:
        GitLabError: GitLab is not reachable, or refuses a request.
    """

    def put(gitlab: GitLab) -> None:
        known = own_note(gitlab, place, note.partition("\n")[0], gitlab.user())
        if known is None:
            gitlab.send("POST", place.notes, {"body": note})
        else:
            gitlab.send("PUT", f"{place.notes}/{int(known['id'])}", {"body": note})

    patiently(place.access, put)


def own_note(gitlab: GitLab, place: MergeRequest, marker: str, user: int) -> Mapping[str, Any] | None:
    """The oldest note of a user with this first line."""
    for note in gitlab.listed(f"{place.notes}?sort=asc&order_by=created_at"):
        if note["author"]["id"] == user and note["body"].partition("\n")[0].rstrip() == marker:
            return note
    return None
