"""A relay in front of a registry that records the requests and injects faults."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

import httpx

from tests.registry.loopback_registry import WITHOUT_TLS

ALWAYS = 1000


@dataclass
class Fault:
    """A fault of some requests.

    Attributes:
        method: of the requests.
        path: a part of their paths.
        status: the answer; 0 for the registry's own.
        headers: of the answer.
        body: of the answer.
        cut: whether the connection ends before the request is read.
        spoils: whether the first byte of the registry's answer is changed.
        times: how often it happens.
    """

    method: str
    path: str
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False
    spoils: bool = False
    times: int = ALWAYS


@dataclass
class Relay:
    """A relay: its address, the requests that it received, and its faults."""

    host: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def asked(self, *methods: str) -> list[str]:
        """The paths of the requests with some methods."""
        return [path for method, path in self.requests if method in methods]

    def fault(self, method: str, path: str) -> Fault | None:
        """The fault of a request, which then happens once less."""
        for fault in self.faults:
            if fault.times > 0 and fault.method == method and fault.path in path:
                fault.times -= 1
                return fault
        return None


@contextmanager
def relaying(upstream: str) -> Iterator[Relay]:
    """Relay to a registry on loopback until the block ends."""
    relay, lock = Relay(), Lock()
    client = httpx.Client(
        base_url=f"http://{upstream}", limits=httpx.Limits(max_connections=64), verify=WITHOUT_TLS
    )

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *arguments: object) -> None:
            """Log nothing."""

        def do_GET(self) -> None:
            with lock:
                relay.requests.append((self.command, self.path))
                fault = relay.fault(self.command, self.path)
            if fault and fault.cut:
                self.close_connection = True
                return
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if fault and fault.status:
                self.answer(fault.status, fault.headers, fault.body)
                return
            answer = client.request(self.command, self.path, headers=dict(self.headers), content=content)
            body = answer.content
            if fault:
                body = bytes([body[0] ^ 1]) + body[1:]
            self.answer(answer.status_code, answer.headers, body)

        do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - http.server's names

        def answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in ("content-length", "connection", "date", "server"):
                    self.send_header(name, value)
            length = headers.get("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Ignore clients that disconnect, as those of a failed copy do."""

    server = Server(("127.0.0.1", 0), Handler)
    relay.host = f"127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield relay
    finally:
        server.shutdown()
        server.server_close()
        client.close()
