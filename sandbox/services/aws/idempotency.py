"""Idempotency: a request with the client token of an earlier one gets the same response.

SDKs add a token to each request of the actions below, and send it again with a retry, so that a lost response
does not duplicate a resource. moto ignores it, and responds that the name exists. Sources:
docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html and
docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html.
"""

import json
from io import BytesIO
from threading import Lock
from urllib.parse import parse_qs

from werkzeug.wrappers import Request, Response

from sandbox.services.aws.layers import Application, answer_of

Key = tuple[str, str]

_WITH_A_TOKEN = ("CreateFlowLogs", "CreateLaunchTemplate", "CreateNatGateway", "CreateVpcEndpoint")
_MOST = 1_000
"""The maximum number of stored responses: far more than the requests of one update."""


class Idempotency:
    """Repeats the response to a token."""

    def __init__(self) -> None:
        self._answers: dict[Key, Response] = {}
        self._lock = Lock()

    def answer(self, request: Request, others: Application) -> Application:
        """Answer the requests with a token."""
        key = _token_of(request)
        if key is None:
            return others
        with self._lock:
            known = self._answers.get(key)
        if known is None:
            known = answer_of(others, request.environ)
            if known.status_code < 300:
                with self._lock:
                    self._answers[key] = known
                    if len(self._answers) > _MOST:
                        self._answers.pop(next(iter(self._answers)))
        return known


def _token_of(request: Request) -> Key | None:
    """The action and the client token of a request; None without a token."""
    target = request.headers.get("X-Amz-Target", "")
    form = request.mimetype == "application/x-www-form-urlencoded"
    if not form and target != "secretsmanager.CreateSecret":
        return None
    body = request.get_data()
    request.environ["wsgi.input"] = BytesIO(body)
    if not form:
        token = json.loads(body).get("ClientRequestToken")
        return (target, str(token)) if token else None
    given = parse_qs(body.decode("utf-8", "replace"))
    action, token = given.get("Action", [""])[0], given.get("ClientToken", [""])[0]
    return (action, token) if token and action in _WITH_A_TOKEN else None
