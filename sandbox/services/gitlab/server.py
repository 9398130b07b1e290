"""The HTTP server of the GitLab double."""

import logging

from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server


def create_server(application: Flask, port: int) -> BaseWSGIServer:
    """Binds the application to 127.0.0.1.

    Args:
        application: the double.
        port: the port; 0 chooses a free one, see the server's `port`.
    """
    # The application writes its own access log, without query strings.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    return make_server("127.0.0.1", port, application, threaded=True)
