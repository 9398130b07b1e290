"""The jobs API, and the double's own API to queue a job without a pipeline.

Sources: GitLab's `lib/api/ci/jobs.rb` and `lib/api/entities/ci/job.rb`.
"""

import secrets
from typing import Any

from flask import Response

from sandbox.services.gitlab.access import find_project, instance, require_role
from sandbox.services.gitlab.endpoints import endpoint, own_api
from sandbox.services.gitlab.parameters import Parameter, boolean, integer, mapping, mappings, texts
from sandbox.services.gitlab.refusals import not_found
from sandbox.services.gitlab.runner_details import runner_summary
from sandbox.services.gitlab.state import Job, Project, Role, now

_JOB = "/projects/<path:project>/jobs/<int:job_id>"
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


@endpoint("POST /jobs", *_QUEUED, status=201, on=own_api)
def queue_job(asked: dict[str, Any]) -> dict[str, Any]:
    """Queues a job, as a pipeline of its project does."""
    project = find_project(str(asked.pop("project_id")))
    require_role(project, Role.DEVELOPER)
    token = f"glcbt-{secrets.token_urlsafe(15)}"
    job = Job(next(instance().job_ids), token, project, created_at=now(), **asked)
    instance().jobs[job.id] = job
    return job_details(job)


@endpoint(f"GET {_JOB}", role=Role.REPORTER)
def show_job(project: Project, job_id: int) -> dict[str, Any]:
    """Shows a job of a project."""
    return job_details(_found(project, job_id))


@endpoint(f"GET {_JOB}/trace", role=Role.REPORTER)
def show_trace(project: Project, job_id: int) -> Response:
    """The trace of a job."""
    return Response(_found(project, job_id).trace, mimetype="text/plain")


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


def _found(project: Project, job_id: int) -> Job:
    job = instance().jobs.get(job_id)
    if job is None or job.project is not project:
        raise not_found()
    return job
