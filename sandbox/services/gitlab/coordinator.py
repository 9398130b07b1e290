"""What a runner manager asks: with its runner's token for jobs, and with a job's token while that runs.

Sources: GitLab's `lib/api/ci/runner.rb`, `lib/api/ci/helpers/runner.rb` and
`app/services/ci/append_build_trace_service.rb`. Other than GitLab, a job ends as soon as its runner says so:
there is no time in which its trace is still to be stored.
"""

import hmac
import re

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.services.gitlab.access import instance
from sandbox.services.gitlab.clock import now
from sandbox.services.gitlab.job_assignment import assign_job, job_for_its_runner
from sandbox.services.gitlab.parameters import Parameter, boolean, integer, mapping, read_parameters
from sandbox.services.gitlab.refusals import (
    forbidden,
    invalid_parameters,
    job_not_running,
    range_not_satisfiable,
)
from sandbox.services.gitlab.state import Job, Runner

TRACE_UPDATE_INTERVAL = 3
"""The seconds after which a runner sends more of a trace: GitLab's value while a user watches it."""

_RUNNER = (Parameter("token", required=True), Parameter("system_id"), Parameter("info", mapping))
_JOB_STATES = ("running", "success", "failed")

blueprint = Blueprint("coordinator", __name__)


@blueprint.post("/runners/verify")
def verify_runner() -> Response:
    """Tells whether a runner's token is valid, and counts as a contact of its runner."""
    runner = _authenticate_runner(read_parameters(_RUNNER)["token"])
    return jsonify({"id": runner.id, "token": runner.token, "token_expires_at": None})


@blueprint.delete("/runners")
def unregister_runner() -> ResponseReturnValue:
    """Removes the runner whose token this is."""
    runner = _authenticate_runner(read_parameters(_RUNNER)["token"])
    del instance().runners[runner.id]
    return "", 204


@blueprint.post("/jobs/request")
def request_job() -> ResponseReturnValue:
    """Gives a runner a job, if there is one for it."""
    parameters = read_parameters(
        (*_RUNNER, Parameter("last_update", nullable=True), Parameter("session", mapping, nullable=True))
    )
    runner = _authenticate_runner(parameters["token"])
    job = assign_job(runner)
    if job is None:
        return "", 204
    return jsonify(job_for_its_runner(job, runner)), 201


@blueprint.put("/jobs/<int:job_id>")
def update_job(job_id: int) -> Response:
    """Notes how a job is: that it runs, or how it ended. A checksum of its trace is GitLab's to count."""
    parameters = read_parameters(
        (
            Parameter("token", required=True),
            Parameter("state", required=True, values=_JOB_STATES),
            Parameter("failure_reason"),
            Parameter("exit_code", integer, nullable=True),
            Parameter("checksum"),
            Parameter("output", mapping),
            Parameter("info", mapping),
        )
    )
    job = _authenticate_job(job_id, parameters["token"])
    job.status = parameters["state"]
    job.failure_reason = parameters.get("failure_reason") or None
    return Response("200", headers={"Job-Status": job.status}, mimetype="application/json")


@blueprint.patch("/jobs/<int:job_id>/trace")
def append_trace(job_id: int) -> ResponseReturnValue:
    """Adds a part to a job's trace, from where the first number of `Content-Range` says."""
    read_parameters((Parameter("debug_trace", boolean),))
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
    return "", 202, headers


def _authenticate_runner(token: str) -> Runner:
    """The runner with this token, which counts as a contact; 403 if there is none."""
    for runner in instance().runners.values():
        if hmac.compare_digest(runner.token.encode(), token.encode()):
            runner.contacted_at = now()
            return runner
    raise forbidden()


def _authenticate_job(job_id: int, token: str | None) -> Job:
    """The job, if its own token was given and it runs; a contact of its runner, if that is still there.

    Raises:
        RefusalError: 403, after which a runner stops; also for a job that is not there, as in GitLab.
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
