"""The plan in the artifacts of a merge request's last preview, found by the commit of the merge.

Sources: docs.gitlab.com/api/commits, /api/merge_requests, /api/jobs and /api/job_artifacts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pulumi_gitlab_runner.review.errors import GitLabError
from pulumi_gitlab_runner.review.gitlab_api import Access, GitLab, access_of, need, patiently


@dataclass(frozen=True)
class Merged:
    """A commit of the default branch, and the access to its merge request.

    Attributes:
        access: the URL of GitLab's API, and a token of the scope `read_api` or `api`.
        project: the ID of the project.
        commit: the SHA of the commit.
    """

    access: Access
    project: str
    commit: str


@dataclass(frozen=True)
class ReviewedPlan:
    """A plan, and the merge request in which it was reviewed.

    Attributes:
        text: the plan as Pulumi wrote it.
        merge_request: the merge request, such as ``!12``, or the path of a file.
    """

    text: str
    merge_request: str


def merged_of(environment: Mapping[str, str], token_variable: str) -> Merged:
    """The commit of a job, from GitLab's predefined variables.

    Raises:
        GitLabError: a predefined variable is missing, or the token is malformed.
        NoTokenError: the variable with the token is not set.
    """
    names = ("CI_API_V4_URL", "CI_PROJECT_ID", "CI_COMMIT_SHA")
    need(environment, names, "without --plan, a GitLab CI job is required to find the reviewed plan")
    fix = "set it to a project access token with the scope `api` and the role Developer, masked"
    access = access_of(environment, token_variable, fix, "no reviewed plan")
    return Merged(access, environment["CI_PROJECT_ID"], environment["CI_COMMIT_SHA"])


def fetch_plan(merged: Merged, job: str, file: str) -> ReviewedPlan:
    """The plan among the artifacts of the last preview before the merge.

    Args:
        merged: the commit.
        job: the name of the preview job.
        file: the path of the plan in the job's artifacts.

    Raises:
        GitLabError: no plan was found, or GitLab is not reachable or refuses a request.
    """

    def fetch(gitlab: GitLab) -> ReviewedPlan:
        project = f"projects/{merged.project}"
        number = _merge_request(gitlab, project, merged.commit)
        ran = _last_run(gitlab, project, number, job, merged.project)
        if ran["status"] != "success":
            raise GitLabError(f"the last job {job} of !{number} has no plan: its status is {ran['status']}")
        try:
            answer = gitlab.send("GET", f"{project}/jobs/{int(ran['id'])}/artifacts/{quote(file)}")
        except GitLabError as error:
            if fix := _FIXES.get(error.status or 0):
                raise GitLabError(f"the last job {job} of !{number}: {fix}", error.status) from None
            raise
        return ReviewedPlan(answer.content.decode(), f"!{number}")

    return patiently(merged.access, fetch)


_FIXES = {
    403: "the token's user needs the role Developer to read the plan",
    404: "its artifacts do not contain a plan: they have expired, or the job did not save one",
}


def _merge_request(gitlab: GitLab, project: str, commit: str) -> int:
    """The number of the merge request that was merged as this commit."""
    for each in gitlab.listed(f"{project}/repository/commits/{quote(commit, safe='')}/merge_requests"):
        commits = {each.get(name) for name in ("merge_commit_sha", "squash_commit_sha", "sha")}
        if each["state"] == "merged" and commit in commits:
            return int(each["iid"])
    raise GitLabError(f"no merge request was merged as {commit[:8]}: its changes were not reviewed")


def _last_run(gitlab: GitLab, project: str, number: int, job: str, of: str) -> Mapping[str, Any]:
    """The last run of a job in the merge request's pipelines in the project, not in a fork."""
    for pipeline in gitlab.listed(f"{project}/merge_requests/{number}/pipelines"):
        if str(pipeline["project_id"]) != of:
            continue
        for ran in gitlab.listed(f"{project}/pipelines/{int(pipeline['id'])}/jobs"):
            if ran["name"] == job:
                return ran
    raise GitLabError(f"!{number} has no job {job}: its changes were not reviewed")
