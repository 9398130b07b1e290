"""The web application of the GitLab double: one module for each area of the API."""

import logging
from collections.abc import Callable, Sequence
from threading import Lock
from typing import NoReturn

from flask import Flask, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule
from werkzeug.serving import BaseWSGIServer, make_server

from sandbox.services.gitlab import (  # noqa: F401 - each module registers its endpoints
    about,
    ci_lint,
    coordinator,
    groups_and_projects,
    issues,
    jobs,
    merge_requests,
    notes,
    runners,
    variables,
)
from sandbox.services.gitlab.access import INSTANCE
from sandbox.services.gitlab.endpoints import api, own_api, runner_api
from sandbox.services.gitlab.refusals import RefusalError
from sandbox.services.gitlab.state import seeded_instance

LOG = logging.getLogger(__name__)


def _build_none(*_: object) -> NoReturn:
    raise NotImplementedError("the double answers requests, and builds no URLs of its routes")


class Route(Rule):
    """A route of which no URL is built: to compile functions for that takes most of an instance's start."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: ARG002
        return _build_none


class SerialFlask(Flask):
    """A Flask application that handles one request at a time: the state needs no other locks."""

    url_rule_class = Route

    def __init__(self) -> None:
        super().__init__(__name__, static_folder=None)
        self._lock = Lock()

    def dispatch_request(self) -> ResponseReturnValue:
        """Handles one request at a time."""
        with self._lock:
            return super().dispatch_request()


def create_application(token: str, runner_token: str | None = None, further: Sequence[str] = ()) -> Flask:
    """A new GitLab instance with seed data.

    Args:
        token: the administrator's access token; `state.seeded_instance` lists the others.
        runner_token: the prefix of all runner tokens in place of random tokens, so that a test can search for
            them.
        further: additional access tokens of the administrator.
    """
    application = SerialFlask()
    application.extensions[INSTANCE] = seeded_instance(token, runner_token, further)
    for blueprint in (api, runner_api, own_api):
        application.register_blueprint(blueprint)
    application.register_error_handler(RefusalError, _refuse)
    application.register_error_handler(HTTPException, _http_error)
    application.after_request(_log)
    return application


def create_server(application: Flask, port: int) -> BaseWSGIServer:
    """Binds the application to 127.0.0.1.

    Args:
        application: the double.
        port: the port; 0 chooses a free one, see the server's `port`.
    """
    # The application writes its own access log, without query strings.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    return make_server("127.0.0.1", port, application, threaded=True)


def _refuse(refusal: RefusalError) -> ResponseReturnValue:
    return jsonify(refusal.body), refusal.status, refusal.headers


def _http_error(error: HTTPException) -> ResponseReturnValue:
    return jsonify({"error": f"{error.code} {error.name}"}), error.code or 500


def _log(response: Response) -> Response:
    """Logs method, path, status and user; never a query string, a header or a body."""
    user = g.get("user")
    LOG.info(
        "%s %s %s %s", request.method, request.path, response.status_code, user.username if user else "-"
    )
    return response
