"""Marks the notes of open merge requests as outdated after a deployment of their stack.

Source: docs.gitlab.com/api/merge_requests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote

from pulumi_gitlab_runner.review.gitlab_api import Access, GitLab, access_of, need, patiently
from pulumi_gitlab_runner.review.merge_request import MergeRequest, own_note

MOST = 100
"""The maximum number of merge requests, the most recently updated first."""
_SAID = "**⚠ Outdated:** "


@dataclass(frozen=True)
class Deployment:
    """A deployment of a stack.

    Attributes:
        access: the URL of GitLab's API, and a token of the scope `api`.
        project: the ID of the project.
        branch: the deployed branch.
        commit: the deployed commit.
    """

    access: Access
    project: str
    branch: str
    commit: str


def deployment_of(environment: Mapping[str, str], token_variable: str) -> Deployment:
    """The deployment of a job, from GitLab's predefined variables.

    Raises:
        GitLabError: the job is not in a branch pipeline, or the token is malformed.
        NoTokenError: the variable with the token is not set.
    """
    names = ("CI_API_V4_URL", "CI_PROJECT_ID", "CI_COMMIT_BRANCH", "CI_COMMIT_SHA")
    need(environment, names, "a deployment requires a branch pipeline")
    access = access_of(environment, token_variable, "set it to the token that writes the notes")
    return Deployment(access, *(environment[name] for name in names[1:]))


def outdate_notes(deployment: Deployment, marker: str) -> tuple[str, ...]:
    """Mark the notes with this marker of open merge requests into the branch as outdated.

    The next preview of a merge request overwrites its note, without the mark.

    Returns:
        The merge requests whose notes are marked now, such as ``!12``.

    Raises:
        GitLabError: GitLab is not reachable, or refuses a request.
    """

    def outdate(gitlab: GitLab) -> tuple[str, ...]:
        user = gitlab.user()
        project, branch = f"projects/{deployment.project}", quote(deployment.branch, safe="")
        asked = f"{project}/merge_requests?state=opened&target_branch={branch}&order_by=updated_at&sort=desc"
        done = []
        # All merge requests are read before one is changed: a change moves it to the first page.
        for number in [int(each["iid"]) for each in islice(gitlab.listed(asked), MOST)]:
            place = MergeRequest(deployment.access, deployment.project, str(number))
            note = own_note(gitlab, place, marker, user)
            if note and _SAID not in note["body"]:
                body = _outdated(note["body"], deployment.commit)
                gitlab.send("PUT", f"{place.notes}/{int(note['id'])}", {"body": body})
                done.append(f"!{number}")
        return tuple(done)

    return patiently(deployment.access, outdate)


def _outdated(body: str, commit: str) -> str:
    """The note with a line below its heading that marks it as outdated."""
    lines = body.split("\n")
    said = f"{_SAID}the stack was deployed at commit {commit[:8]} after this preview. Run the preview again."
    return "\n".join([*lines[:2], "", said, *lines[2:]])
