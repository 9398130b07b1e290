"""The read-only API for merge requests, their pipelines, jobs and artifacts.

The double has one merge request, `!1` of project 7; its own API, `given`, lets a test set the merge commit,
and add pipelines with artifacts.
Sources: GitLab's `lib/api/merge_requests.rb`, `lib/api/commits.rb`, `lib/api/ci/jobs.rb` and
`lib/api/ci/job_artifacts.rb`.
"""

from typing import Any

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from sandbox.services.gitlab.access import authenticate, find_project, require_role
from sandbox.services.gitlab.pages import page_of
from sandbox.services.gitlab.parameters import PAGINATION, Parameter, boolean, mapping, read_parameters
from sandbox.services.gitlab.refusals import not_found
from sandbox.services.gitlab.state import FinishedJob, MergeRequest, Pipeline, Project, Role

_MERGE_REQUEST = "/projects/<path:identifier>/merge_requests/<int:iid>"
_FILTERS = (
    Parameter("state", values=("opened", "closed", "locked", "merged", "all")),
    Parameter("target_branch"),
    Parameter("sort", values=("asc", "desc")),
    Parameter("order_by", values=("created_at", "updated_at")),
)

blueprint = Blueprint("merge_requests", __name__)
blueprint.before_request(authenticate)
given = Blueprint("given_merge_requests", __name__)
given.before_request(authenticate)


@given.post(f"{_MERGE_REQUEST}/pipelines")
def give_pipeline(identifier: str, iid: int) -> ResponseReturnValue:
    """Adds a pipeline with one job and its artifacts: texts by path."""
    parameters = read_parameters((Parameter("job", required=True), Parameter("artifacts", mapping)))
    project, merge_request = found_merge_request(identifier, iid)
    files = {path: str(text).encode() for path, text in parameters.get("artifacts", {}).items()}
    number = max((each.id for each in merge_request.pipelines), default=0) + 1
    job = FinishedJob(number, parameters["job"], artifacts=files, artifacts_for=Role.DEVELOPER)
    merge_request.pipelines.append(Pipeline(number, project.id, merge_request.sha, [job]))
    return "", 204


@given.put(f"{_MERGE_REQUEST}/merge")
def give_merge(identifier: str, iid: int) -> ResponseReturnValue:
    """Sets the merge commit of the merge request."""
    parameters = read_parameters((Parameter("commit", required=True),))
    _, merge_request = found_merge_request(identifier, iid)
    merge_request.state, merge_request.merge_commit_sha = "merged", parameters["commit"]
    return "", 204


@blueprint.get("/projects/<path:identifier>/merge_requests")
def list_merge_requests(identifier: str) -> Response:
    """Lists the merge requests of a project; both orders, by creation and by update, are by number."""
    asked = read_parameters((*PAGINATION, *_FILTERS))
    project = find_project(identifier)
    require_role(project, Role.REPORTER)
    found = [
        merge_request_details(each, project)
        for each in project.merge_requests.values()
        if asked.get("state", "all") in ("all", each.state)
        and asked.get("target_branch", each.target_branch) == each.target_branch
    ]
    return page_of(found if asked.get("sort") == "asc" else found[::-1], asked)


@blueprint.get(_MERGE_REQUEST)
def show_merge_request(identifier: str, iid: int) -> Response:
    """Shows a merge request; with the number of diverged commits if requested."""
    asked = read_parameters((Parameter("include_diverged_commits_count", boolean),))
    project, merge_request = found_merge_request(identifier, iid)
    details = merge_request_details(merge_request, project)
    if asked.get("include_diverged_commits_count"):
        details["diverged_commits_count"] = merge_request.diverged_commits
    return jsonify(details)


@blueprint.get("/projects/<path:identifier>/repository/commits/<sha>/merge_requests")
def list_merge_requests_of_a_commit(identifier: str, sha: str) -> Response:
    """Lists the merge requests of a commit."""
    parameters = read_parameters(PAGINATION)
    project = find_project(identifier)
    require_role(project, Role.REPORTER)
    found = [
        merge_request_details(each, project)
        for each in project.merge_requests.values()
        if sha in (each.sha, each.merge_commit_sha, each.squash_commit_sha)
    ]
    return page_of(found, parameters)


@blueprint.get(f"{_MERGE_REQUEST}/pipelines")
def list_pipelines(identifier: str, iid: int) -> Response:
    """Lists the pipelines of a merge request, the newest first."""
    parameters = read_parameters(PAGINATION)
    _, merge_request = found_merge_request(identifier, iid)
    newest_first = sorted(merge_request.pipelines, key=lambda pipeline: pipeline.id, reverse=True)
    return page_of([_pipeline_details(each, merge_request) for each in newest_first], parameters)


@blueprint.get("/projects/<path:identifier>/pipelines/<int:number>/jobs")
def list_jobs(identifier: str, number: int) -> Response:
    """Lists the jobs of a pipeline, the newest first."""
    parameters = read_parameters(PAGINATION)
    project = find_project(identifier)
    require_role(project, Role.REPORTER)
    for pipeline in _pipelines(project):
        if pipeline.id == number:
            newest_first = sorted(pipeline.jobs, key=lambda job: job.id, reverse=True)
            return page_of([_job_details(each, pipeline) for each in newest_first], parameters)
    raise not_found()


@blueprint.get("/projects/<path:identifier>/jobs/<int:number>/artifacts/<path:file>")
def show_artifact(identifier: str, number: int, file: str) -> Response:
    """Downloads a file of a job's artifacts."""
    read_parameters()
    project = find_project(identifier)
    require_role(project, Role.REPORTER)
    for job in (job for pipeline in _pipelines(project) for job in pipeline.jobs):
        if job.id == number:
            require_role(project, job.artifacts_for)
            if file in job.artifacts:
                return Response(job.artifacts[file], mimetype="application/octet-stream")
    raise not_found()


def found_merge_request(identifier: str, iid: int) -> tuple[Project, MergeRequest]:
    """A merge request, and its project; 404 if not found or not visible to the user."""
    project = find_project(identifier)
    if iid not in project.merge_requests:
        raise not_found()
    require_role(project, Role.REPORTER)
    return project, project.merge_requests[iid]


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
