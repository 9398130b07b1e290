"""The read-only API for merge requests, their pipelines, jobs and artifacts.

The double has one merge request, `!1` of project 7; its own API, `given`, lets a test set the merge commit,
and add pipelines with artifacts.
Sources: GitLab's `lib/api/merge_requests.rb`, `lib/api/commits.rb`, `lib/api/ci/jobs.rb` and
`lib/api/ci/job_artifacts.rb`.
"""

from typing import Any

from flask import Response

from sandbox.services.gitlab.access import require_role
from sandbox.services.gitlab.endpoints import endpoint, own_api
from sandbox.services.gitlab.parameters import Parameter, boolean, mapping
from sandbox.services.gitlab.refusals import not_found
from sandbox.services.gitlab.state import FinishedJob, MergeRequest, Pipeline, Project, Role

_MERGE_REQUESTS = "/projects/<path:project>/merge_requests"
_MERGE_REQUEST = f"{_MERGE_REQUESTS}/<int:iid>"
_FILTERS = (
    Parameter("state", values=("opened", "closed", "locked", "merged", "all")),
    Parameter("target_branch"),
    Parameter("sort", values=("asc", "desc")),
    Parameter("order_by", values=("created_at", "updated_at")),
)


@endpoint(
    f"POST {_MERGE_REQUEST}/pipelines",
    Parameter("job", required=True),
    Parameter("artifacts", mapping),
    on=own_api,
)
def give_pipeline(project: Project, iid: int, asked: dict[str, Any]) -> None:
    """Adds a pipeline with one job and its artifacts: texts by path."""
    merge_request = found_merge_request(project, iid)
    files = {path: str(text).encode() for path, text in asked.get("artifacts", {}).items()}
    number = max((each.id for each in merge_request.pipelines), default=0) + 1
    job = FinishedJob(number, asked["job"], artifacts=files, artifacts_for=Role.DEVELOPER)
    merge_request.pipelines.append(Pipeline(number, project.id, merge_request.sha, [job]))


@endpoint(f"PUT {_MERGE_REQUEST}/merge", Parameter("commit", required=True), on=own_api)
def give_merge(project: Project, iid: int, asked: dict[str, str]) -> None:
    """Sets the merge commit of the merge request."""
    merge_request = found_merge_request(project, iid)
    merge_request.state, merge_request.merge_commit_sha = "merged", asked["commit"]


@endpoint(f"GET {_MERGE_REQUESTS}", *_FILTERS, role=Role.REPORTER, paged=True)
def list_merge_requests(project: Project, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Lists the merge requests of a project; both orders, by creation and by update, are by number."""
    found = [
        merge_request_details(each, project)
        for each in project.merge_requests.values()
        if asked.get("state", "all") in ("all", each.state)
        and asked.get("target_branch", each.target_branch) == each.target_branch
    ]
    return found if asked.get("sort") == "asc" else found[::-1]


@endpoint(f"GET {_MERGE_REQUEST}", Parameter("include_diverged_commits_count", boolean))
def show_merge_request(project: Project, iid: int, asked: dict[str, Any]) -> dict[str, Any]:
    """Shows a merge request; with the number of diverged commits if requested."""
    merge_request = found_merge_request(project, iid)
    details = merge_request_details(merge_request, project)
    if asked.get("include_diverged_commits_count"):
        details["diverged_commits_count"] = merge_request.diverged_commits
    return details


@endpoint(
    "GET /projects/<path:project>/repository/commits/<sha>/merge_requests", role=Role.REPORTER, paged=True
)
def list_merge_requests_of_a_commit(project: Project, sha: str) -> list[dict[str, Any]]:
    """Lists the merge requests of a commit."""
    return [
        merge_request_details(each, project)
        for each in project.merge_requests.values()
        if sha in (each.sha, each.merge_commit_sha, each.squash_commit_sha)
    ]


@endpoint(f"GET {_MERGE_REQUEST}/pipelines", paged=True)
def list_pipelines(project: Project, iid: int) -> list[dict[str, Any]]:
    """Lists the pipelines of a merge request, the newest first."""
    merge_request = found_merge_request(project, iid)
    newest_first = sorted(merge_request.pipelines, key=lambda pipeline: pipeline.id, reverse=True)
    return [_pipeline_details(each, merge_request) for each in newest_first]


@endpoint("GET /projects/<path:project>/pipelines/<int:number>/jobs", role=Role.REPORTER, paged=True)
def list_jobs(project: Project, number: int) -> list[dict[str, Any]]:
    """Lists the jobs of a pipeline, the newest first."""
    for pipeline in _pipelines(project):
        if pipeline.id == number:
            newest_first = sorted(pipeline.jobs, key=lambda job: job.id, reverse=True)
            return [_job_details(each, pipeline) for each in newest_first]
    raise not_found()


@endpoint("GET /projects/<path:project>/jobs/<int:number>/artifacts/<path:file>", role=Role.REPORTER)
def show_artifact(project: Project, number: int, file: str) -> Response:
    """Downloads a file of a job's artifacts."""
    for job in (job for pipeline in _pipelines(project) for job in pipeline.jobs):
        if job.id == number:
            require_role(project, job.artifacts_for)
            if file in job.artifacts:
                return Response(job.artifacts[file], mimetype="application/octet-stream")
    raise not_found()


def found_merge_request(project: Project, iid: int) -> MergeRequest:
    """A merge request of a project; 404 if not found, 403 if not visible to the user."""
    if iid not in project.merge_requests:
        raise not_found()
    require_role(project, Role.REPORTER)
    return project.merge_requests[iid]


def merge_request_details(merge_request: MergeRequest, project: Project) -> dict[str, Any]:
    """A merge request in the API's response."""
    return {
        "iid": merge_request.iid,
        "project_id": project.id,
        "state": merge_request.state,
        "source_branch": merge_request.source_branch,
        "target_branch": merge_request.target_branch,
        "sha": merge_request.sha,
        "merge_commit_sha": merge_request.merge_commit_sha,
        "squash_commit_sha": merge_request.squash_commit_sha,
    }


def _pipelines(project: Project) -> list[Pipeline]:
    """The pipelines that ran in a project, without those of forks."""
    every = (each for merge_request in project.merge_requests.values() for each in merge_request.pipelines)
    return [pipeline for pipeline in every if pipeline.project_id == project.id]


def _pipeline_details(pipeline: Pipeline, merge_request: MergeRequest) -> dict[str, Any]:
    return {
        "id": pipeline.id,
        "project_id": pipeline.project_id,
        "sha": pipeline.sha,
        "ref": f"refs/merge-requests/{merge_request.iid}/head",
        "source": "merge_request_event",
    }


def _job_details(job: FinishedJob, pipeline: Pipeline) -> dict[str, Any]:
    return {
        "id": job.id,
        "name": job.name,
        "status": job.status,
        "pipeline": {"id": pipeline.id, "project_id": pipeline.project_id, "sha": pipeline.sha},
    }
