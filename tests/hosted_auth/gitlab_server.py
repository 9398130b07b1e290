"""The GitLab double on a socket, with faults that come before its own responses."""

import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from werkzeug.serving import make_server

from sandbox.services.gitlab import create_application
from sandbox.services.gitlab.access import INSTANCE
from sandbox.services.gitlab.state import Instance, Variable, seeded_instance

TOKEN = "glpat-canary-of-the-token"


@dataclass
class Fault:
    """The response to a request whose path contains `path`; `meanwhile` is called before it."""

    method: str
    path: str
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    meanwhile: Callable[[], None] = lambda: None


@dataclass
class GitLabServer:
    """GitLab at `url`; each of `faults` answers one request that matches its method and path."""

    url: str
    application: Any
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def fail(self, method: str, path: str, status: int, **further: Any) -> None:
        """Answer the next request that matches with a failure."""
        self.faults.append(Fault(method, path, status, **further))

    @property
    def state(self) -> Instance:
        return self.application.extensions[INSTANCE]

    def variables(self, scope: str) -> list[Variable]:
        kind, number = scope.split()
        return getattr(self.state, f"{kind}s")[int(number)].variables

    def reset(self) -> None:
        """Restore the initial state."""
        self.application.extensions[INSTANCE] = seeded_instance(TOKEN)
        self.faults.clear()
        self.requests.clear()


class _Faulty:
    """The application behind the faults of a server."""

    def __init__(self, server: GitLabServer) -> None:
        self._server = server

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self._server.requests.append(f"{method} {path}")
        for fault in self._server.faults:
            if fault.method == method and fault.path in path:
                self._server.faults.remove(fault)
                fault.meanwhile()
                start_response(f"{fault.status} Fault", list(fault.headers.items()))
                return [b'{"message": "the token was: ' + environ["HTTP_PRIVATE_TOKEN"].encode() + b'"}']
        return self._server.application(environ, start_response)


@contextmanager
def gitlab_server(certificate: ssl.SSLContext | None = None) -> Iterator[GitLabServer]:
    """A running server, with TLS where a certificate is given."""
    server = GitLabServer("", create_application(TOKEN))
    web = make_server("127.0.0.1", 0, _Faulty(server), threaded=True, ssl_context=certificate)
    server.url = f"{'https' if certificate else 'http'}://127.0.0.1:{web.server_port}"
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        web.shutdown()
        thread.join()
        web.server_close()
