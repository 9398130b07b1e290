"""The HTTP server of the GitLab double."""

from typing import Any

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server


class QuietRequestHandler(WSGIRequestHandler):
    """A request handler without an access log: the application writes its own, without query strings."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Does nothing."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Does nothing."""


def create_server(application: Flask, port: int) -> BaseWSGIServer:
    """Binds the application to 127.0.0.1.

    Args:
        application: the double.
        port: the port; 0 chooses a free one, see the server's `port`.
    """
    return make_server("127.0.0.1", port, application, threaded=True, request_handler=QuietRequestHandler)
