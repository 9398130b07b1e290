"""The HTTP proxy between the engine's providers and the services, which fails a call on request."""

import contextlib
import http.client
import json
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from tests.faults.calls import Call, Request, call_of

_ANSWER_TIMEOUT_S = 300
_OF_A_CONNECTION = ("connection", "keep-alive", "transfer-encoding", "content-length")


class Way(StrEnum):
    """The way in which a call fails. A lasting one fails retries too, until that `up` ends."""

    ERROR = "error"
    ERROR_LASTING = "error-lasting"
    DROPPED = "dropped"
    DROPPED_LASTING = "dropped-lasting"
    LOST = "answer-lost"
    LOST_LASTING = "answer-lost-lasting"
    KILLED = "engine-killed"

    @property
    def lasts(self) -> bool:
        """Whether retries of the call fail too."""
        return self.value.endswith("-lasting")

    @property
    def description(self) -> str:
        """The description for the report."""
        return _DESCRIPTIONS[self]


_DESCRIPTIONS = {
    Way.ERROR: "an error of the service (503), once",
    Way.ERROR_LASTING: "an error of the service (503), as long as that up lasts",
    Way.DROPPED: "connection dropped before the service has it, once",
    Way.DROPPED_LASTING: "connection dropped before the service has it, lasting",
    Way.LOST: "answer lost after the service did it; the retry gets through",
    Way.LOST_LASTING: "answer lost after the service did it; retries too",
    Way.KILLED: "engine killed (SIGKILL) when the service has done it",
}


@dataclass(frozen=True)
class Fault:
    """A call that fails, and the way in which it fails.

    Attributes:
        call: the call, as text.
        number: its position among equal calls, from 1.
        way: the way in which it fails.
    """

    call: str
    number: int
    way: Way

    def __str__(self) -> str:
        return self.call + (f" (the {self.number}th time)" if self.number > 1 else "")


@dataclass
class Traffic:
    """The recorded calls and the current fault, shared by the proxies of all services.

    Attributes:
        fault: the current fault; None for none.
        on_kill: kills the engine.
        made: the mutating calls, in order.
        struck: the number of calls that the fault hit.
    """

    fault: Fault | None = None
    on_kill: Callable[[], None] = lambda: None
    made: list[str] = field(default_factory=list)
    struck: int = 0
    _counts: "Counter[str]" = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)
    _cut: bool = False

    def begin(self, fault: Fault | None, on_kill: Callable[[], None] = lambda: None) -> None:
        """Reset the recorded calls, and set another fault or none."""
        with self._lock:
            self.fault, self.on_kill, self.struck, self._cut = fault, on_kill, 0, False
            self.made.clear()
            self._counts.clear()

    def way_of(self, call: Call) -> Way | None:
        """Record a call; return the way in which it fails, None if it does not."""
        with self._lock:
            if self._cut:  # the engine was killed
                return Way.DROPPED
            if not call.changes:
                return None
            name = str(call)
            self.made.append(name)
            self._counts[name] += 1
            fault, count = self.fault, self._counts[name]
            if fault is None or fault.call != name:
                return None
            if count != fault.number and not (fault.way.lasts and count > fault.number):
                return None
            self.struck += 1
            return fault.way

    def kill(self) -> None:
        """Kill the engine; later calls of its plugins are dropped."""
        with self._lock:
            self._cut = True
        self.on_kill()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server: "_Server"

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        request = Request(self.command, self.path, dict(self.headers.items()), body)
        call = call_of(request, self.server.service)
        way = self.server.traffic.way_of(call)
        if way in (Way.ERROR, Way.ERROR_LASTING):
            self._answer(503, *_unavailable(request, self.server.service))
        elif way in (Way.DROPPED, Way.DROPPED_LASTING):
            self._drop()
        else:
            status, headers, content = self._ask(body)
            if way is Way.KILLED:
                self.server.traffic.kill()
            if way is None:
                self._answer(status, headers, content)
            else:
                self._drop()

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = _handle  # noqa: N815 (http.server's names)

    def _ask(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        connection = http.client.HTTPConnection(self.server.upstream, timeout=_ANSWER_TIMEOUT_S)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in _OF_A_CONNECTION:
                self.send_header(name, value)
        length = str(len(content))
        if self.command == "HEAD":  # its Content-Length is that of the omitted body
            length = next((each for name, each in headers.items() if name.lower() == "content-length"), "0")
        if status != 204:
            self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(content)

    def _drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: Any) -> None:
        """Write nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, service: str, upstream: str, traffic: Traffic) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.service, self.upstream, self.traffic = service, upstream, traffic

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Write nothing: a client that was killed reads no answers."""


@contextmanager
def proxy(service: str, upstream: str, traffic: Traffic) -> Iterator[str]:
    """Run a proxy on loopback; yield its URL.

    Args:
        service: `aws` or `gitlab`.
        upstream: the URL of the service.
        traffic: the current fault, and the recorded calls.
    """
    server = _Server(service, urlsplit(upstream).netloc, traffic)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _unavailable(request: Request, service: str) -> tuple[dict[str, str], bytes]:
    """The headers and body of a 503 response in the service's protocol."""
    message = "Service Unavailable (a fault of the sandbox's own)"
    if service == "gitlab":
        return {"Content-Type": "application/json"}, json.dumps({"message": message}).encode()
    if "X-Amz-Target" in request.headers or request.body.startswith(b"{"):
        content = {"__type": "ServiceUnavailableException", "message": message}
        return {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(content).encode()
    error = f"<Code>ServiceUnavailable</Code><Message>{message}</Message>"
    if "/s3/" in request.headers.get("Authorization", ""):
        written = f"<Error>{error}</Error>"
    elif "/ec2/" in request.headers.get("Authorization", ""):
        written = f"<Response><Errors><Error>{error}</Error></Errors></Response>"
    else:
        written = f"<ErrorResponse><Error><Type>Receiver</Type>{error}</Error></ErrorResponse>"
    return {"Content-Type": "text/xml"}, f'<?xml version="1.0"?>\n{written}'.encode()
