"""Idempotency: a request with the client token of an earlier one gets the same response.

SDKs add a token to each request of the actions below, and send it again with a retry, so that a lost response
does not duplicate a resource. moto ignores it, and responds that the name exists. Sources:
docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html and
docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html.
"""

import json
from collections.abc import Callable, Iterable
from io import BytesIO
from threading import Lock
from typing import Any
from urllib.parse import parse_qs

from sandbox.services.aws.ecr_public import Application

Key = tuple[str, str]
Answer = tuple[str, list[tuple[str, str]], bytes]

_WITH_A_TOKEN = ("CreateFlowLogs", "CreateLaunchTemplate", "CreateNatGateway", "CreateVpcEndpoint")
_MOST = 1_000
"""The maximum number of stored responses: far more than the requests of one update."""


def remembering(others: Application) -> Application:
    """Return a WSGI application that passes requests to ``others``, and repeats responses by token."""
    answers: dict[Key, Answer] = {}
    lock = Lock()

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        key = _token_of(environ)
        if key is None:
            return others(environ, start_response)
        with lock:
            known = answers.get(key)
        if known is None:
            known = _whole(others, environ)
            if known[0].startswith("2"):
                with lock:
                    answers[key] = known
                    if len(answers) > _MOST:
                        answers.pop(next(iter(answers)))
        start_response(known[0], known[1])
        return [known[2]]

    return application


def _token_of(environ: dict[str, Any]) -> Key | None:
    """The action and the client token of a request; None without a token."""
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    if not form and target != "secretsmanager.CreateSecret":
        return None
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = BytesIO(body)
    if not form:
        token = json.loads(body).get("ClientRequestToken")
        return (target, str(token)) if token else None
    given = parse_qs(body.decode("utf-8", "replace"))
    action, token = given.get("Action", [""])[0], given.get("ClientToken", [""])[0]
    return (action, token) if token and action in _WITH_A_TOKEN else None


def _whole(others: Application, environ: dict[str, Any]) -> Answer:
    """The complete response of an application."""
    head: list[Any] = []
    body = others(environ, lambda status, headers, _error=None: head.extend((status, headers)))
    content = b"".join(body)
    return head[0], head[1], content
