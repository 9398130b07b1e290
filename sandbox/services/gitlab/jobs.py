"""The jobs API, and the double's own API to queue a job without a pipeline.

Sources: GitLab's `lib/api/ci/jobs.rb` and `lib/api/entities/ci/job.rb`.
"""

import secrets
from typing import Any

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from sandbox.services.gitlab.access import authenticate, find_project, instance, require_role
from sandbox.services.gitlab.clock import now
from sandbox.services.gitlab.parameters import (
    Parameter,
    boolean,
    integer,
    mapping,
    mappings,
    read_parameters,
    texts,
)
from sandbox.services.gitlab.refusals import not_found
from sandbox.services.gitlab.runner_details import runner_summary
from sandbox.services.gitlab.state import Job, Role

_QUEUED = (
    Parameter("project_id", integer, required=True),
    Parameter("script", texts, required=True),
    Parameter("name"),
    Parameter("ref"),
    Parameter("protected", boolean),
    Parameter("tag_list", texts),
    Parameter("image"),
    Parameter("services", mappings),
    Parameter("variables", mapping),
)

queue = Blueprint("job_queue", __name__)
queue.before_request(authenticate)
blueprint = Blueprint("jobs", __name__)
blueprint.before_request(authenticate)


@queue.post("/jobs")
def queue_job() -> ResponseReturnValue:
    """Queues a job, as a pipeline of its project does."""
    parameters = read_parameters(_QUEUED)
    project = find_project(str(parameters.pop("project_id")))
    require_role(project, Role.DEVELOPER)
    job = Job(
        id=next(instance().job_ids),
        token=f"glcbt-{secrets.token_urlsafe(15)}",
        project=project,
        created_at=now(),
        **parameters,
    )
    instance().jobs[job.id] = job
    return jsonify(job_details(job)), 201


@blueprint.get("/projects/<path:identifier>/jobs/<int:job_id>")
def show_job(identifier: str, job_id: int) -> Response:
    """Shows a job of a project."""
    read_parameters()
    return jsonify(job_details(_find_job(identifier, job_id)))


@blueprint.get("/projects/<path:identifier>/jobs/<int:job_id>/trace")
def show_trace(identifier: str, job_id: int) -> Response:
    """The trace of a job."""
    read_parameters()
    return Response(_find_job(identifier, job_id).trace, mimetype="text/plain")


def job_details(job: Job) -> dict[str, Any]:
    """A job in the API's response, without its token."""
    runner = instance().runners.get(job.runner_id or 0)
    return {
        "id": job.id,
        "name": job.name,
        "stage": "test",
        "status": job.status,
        "ref": job.ref,
        "tag": False,
        "tag_list": job.tag_list,
        "created_at": job.created_at,
        "failure_reason": job.failure_reason,
        "runner": runner_summary(runner) if runner else None,
    }


def _find_job(identifier: str, job_id: int) -> Job:
    project = find_project(identifier)
    require_role(project, Role.REPORTER)
    job = instance().jobs.get(job_id)
    if job is None or job.project is not project:
        raise not_found()
    return job
