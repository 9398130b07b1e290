"""A request that is made again with the token of the first one is answered as the first one was.

SDKs give each request of the actions below such a token of its own, and send it again with a retry, so that a
lost answer doubles nothing. moto ignores it, and says that the name is taken. Sources:
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
"""Answers that are remembered: far more than one update asks for."""


def remembering(others: Application) -> Application:
    """Return an application that gives the answers of another one, and the same again to the same token."""
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
    """The action and the token of a request that has one."""
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
    """The whole answer of an application."""
    head: list[Any] = []
    body = others(environ, lambda status, headers, _error=None: head.extend((status, headers)))
    content = b"".join(body)
    return head[0], head[1], content
