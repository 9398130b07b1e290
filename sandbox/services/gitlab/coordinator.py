"""The API for runner managers: requests for jobs with a runner token, and updates with a job token.

Sources: GitLab's `lib/api/ci/runner.rb`, `lib/api/ci/helpers/runner.rb` and
`app/services/ci/append_build_trace_service.rb`. Unlike in GitLab, a job ends as soon as its runner reports
it: the double does not wait for the end of the trace.
"""

import hmac
import re
from typing import Any

from flask import Response, request

from sandbox.services.gitlab.access import instance
from sandbox.services.gitlab.endpoints import endpoint, runner_api
from sandbox.services.gitlab.job_assignment import assign_job, job_for_its_runner
from sandbox.services.gitlab.parameters import Parameter, boolean, integer, mapping
from sandbox.services.gitlab.refusals import (
    forbidden,
    invalid_parameters,
    job_not_running,
    range_not_satisfiable,
)
from sandbox.services.gitlab.state import Job, Runner, now

TRACE_UPDATE_INTERVAL = 3
"""The interval of trace updates, in seconds: GitLab's value while a user watches the job."""

_RUNNER = (Parameter("token", required=True), Parameter("system_id"), Parameter("info", mapping))
_JOB_STATES = ("running", "success", "failed")


@endpoint("POST /runners/verify", *_RUNNER, on=runner_api)
def verify_runner(asked: dict[str, Any]) -> dict[str, Any]:
    """Verifies a runner's token, and counts as a contact of its runner."""
    runner = _authenticate_runner(asked["token"])
    return {"id": runner.id, "token": runner.token, "token_expires_at": None}


@endpoint(
    "POST /jobs/request",
    *_RUNNER,
    Parameter("last_update", nullable=True),
    Parameter("session", mapping, nullable=True),
    status=201,
    on=runner_api,
)
def request_job(asked: dict[str, Any]) -> dict[str, Any] | None:
    """Assigns a pending job to a runner, if there is one."""
    runner = _authenticate_runner(asked["token"])
    job = assign_job(runner)
    return job_for_its_runner(job, runner) if job else None


@endpoint(
    "PUT /jobs/<int:job_id>",
    Parameter("token", required=True),
    Parameter("state", required=True, values=_JOB_STATES),
    Parameter("failure_reason"),
    Parameter("exit_code", integer, nullable=True),
    Parameter("checksum"),
    Parameter("output", mapping),
    Parameter("info", mapping),
    on=runner_api,
)
def update_job(job_id: int, asked: dict[str, Any]) -> Response:
    """Updates the state of a job. The checksum of the trace is ignored."""
    job = _authenticate_job(job_id, asked["token"])
    job.status = asked["state"]
    job.failure_reason = asked.get("failure_reason") or None
    return Response("200", headers={"Job-Status": job.status}, mimetype="application/json")


@endpoint("PATCH /jobs/<int:job_id>/trace", Parameter("debug_trace", boolean), on=runner_api)
def append_trace(job_id: int) -> Response:
    """Writes a part of a job's trace at the offset in `Content-Range`."""
    job = _authenticate_job(job_id, None)
    given = re.fullmatch(r"([0-9]+)-[0-9]+", request.headers.get("Content-Range", ""))
    if given is None:
        raise invalid_parameters(["400 Missing header Content-Range"])
    start = int(given[1])
    if start > len(job.trace):
        raise range_not_satisfiable(len(job.trace))
    job.trace = job.trace[:start] + request.get_data()
    headers = {
        "Job-Status": job.status,
        "Range": f"0-{len(job.trace)}",
        "X-GitLab-Trace-Update-Interval": str(TRACE_UPDATE_INTERVAL),
    }
    return Response(status=202, headers=headers)


def _authenticate_runner(token: str) -> Runner:
    """The runner with this token, which counts as a contact; 403 if not found."""
    for runner in instance().runners.values():
        if hmac.compare_digest(runner.token.encode(), token.encode()):
            runner.contacted_at = now()
            return runner
    raise forbidden()


def _authenticate_job(job_id: int, token: str | None) -> Job:
    """The running job with this id and job token; counts as a contact of its runner, if that exists.

    Raises:
        RefusalError: 403, after which a runner stops; also if the job is not found, as in GitLab.
    """
    given = token or request.headers.get("Job-Token", "")
    job = instance().jobs.get(job_id)
    if job is None or not hmac.compare_digest(job.token.encode(), given.encode()):
        raise forbidden()
    if job.status != "running":
        raise job_not_running(job.status)
    runner = instance().runners.get(job.runner_id or 0)
    if runner:
        runner.contacted_at = now()
    return job
