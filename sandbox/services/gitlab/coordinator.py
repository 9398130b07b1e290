"""What a runner manager asks, with its runner's token instead of a user's."""

import hmac

from flask import Blueprint, Response, jsonify

from sandbox.services.gitlab.access import instance
from sandbox.services.gitlab.clock import now
from sandbox.services.gitlab.parameters import Parameter, mapping, read_parameters
from sandbox.services.gitlab.refusals import forbidden
from sandbox.services.gitlab.state import Runner

blueprint = Blueprint("coordinator", __name__)


@blueprint.post("/runners/verify")
def verify_runner() -> Response:
    """Tells whether a runner's token is valid, and counts as a contact of its runner."""
    parameters = read_parameters(
        (Parameter("token", required=True), Parameter("system_id"), Parameter("info", mapping))
    )
    runner = _authenticate_runner(parameters["token"])
    return jsonify({"id": runner.id, "token": runner.token, "token_expires_at": None})


def _authenticate_runner(token: str) -> Runner:
    for runner in instance().runners.values():
        if hmac.compare_digest(runner.token.encode(), token.encode()):
            runner.contacted_at = now()
            return runner
    raise forbidden()
