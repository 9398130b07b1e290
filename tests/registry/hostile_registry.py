"""A registry on loopback with hostile responses: endless, slow, compressed, nested, or not HTTP.

Its responses are limited nevertheless, by `MOST` bytes and by the end of the context that runs it.
"""

import contextlib
import socket
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event, Thread

MOST = 512 * 1024 * 1024
"""The maximum size of one response, in bytes."""
_PART = b" " * 65536
_DRIP_S = 0.2
_MANIFEST = "Content-Type: application/vnd.oci.image.manifest.v1+json"
"""A client reads a manifest only with such a content type."""


@dataclass
class Conversation:
    """One response in progress.

    Attributes:
        connection: the socket to the client.
        ended: set when the server's context ends.
    """

    connection: socket.socket
    ended: Event

    def send(self, content: bytes) -> None:
        """Send bytes."""
        self.connection.sendall(content)

    def repeat(self, part: bytes) -> None:
        """Send a part repeatedly, `MOST` bytes in total."""
        for _ in range(MOST // len(part)):
            if self.ended.is_set():
                return
            self.send(part)

    def drip(self, part: bytes) -> None:
        """Send a part every `_DRIP_S` seconds, until the context ends."""
        while not self.ended.wait(_DRIP_S):
            self.send(part)


Answer = Callable[[Conversation], None]


def _headers(*lines: str, status: str = "200 OK") -> bytes:
    return ("\r\n".join((f"HTTP/1.1 {status}", *lines)) + "\r\n\r\n").encode()


def _whole(content: bytes, *lines: str, status: str = "200 OK") -> Answer:
    return lambda to: to.send(_headers(f"Content-Length: {len(content)}", *lines, status=status) + content)


def _repeating(head: bytes, part: bytes) -> Answer:
    def answer(to: Conversation) -> None:
        to.send(head)
        to.repeat(part)

    return answer


def _dripping(head: bytes, part: bytes) -> Answer:
    def answer(to: Conversation) -> None:
        to.send(head)
        to.drip(part)

    return answer


def _gzip_bomb(to: Conversation) -> None:
    packing = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    first = packing.compress(_PART) + packing.flush(zlib.Z_FULL_FLUSH)
    # After a full flush the same input gives the same bytes: packing all of it would take longer than the
    # client waits on a busy machine.
    again = packing.compress(_PART) + packing.flush(zlib.Z_FULL_FLUSH)
    packed = first + again * (MOST // len(_PART) - 1) + packing.flush()
    to.send(_headers(_MANIFEST, "Content-Encoding: gzip", f"Content-Length: {len(packed)}") + packed)


_STATUS = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _headers(_MANIFEST, "Transfer-Encoding: chunked")

ANSWERS: dict[str, Answer] = {
    "endless": _repeating(_headers(_MANIFEST), _PART),
    "said-to-be-large": _repeating(_headers(_MANIFEST, "Content-Length: 10737418240"), _PART),
    "endless-chunks": _repeating(_CHUNKED, b"10000\r\n" + _PART + b"\r\n"),
    "gzip-bomb": _gzip_bomb,
    "endless-headers": _repeating(_STATUS, b"X-Header: " + b"x" * 60000 + b"\r\n"),
    "one-endless-header": _repeating(_STATUS + b"X-Header: ", b"x" * 65536),
    "always-continue": _repeating(b"", b"HTTP/1.1 100 Continue\r\nX-Header: x\r\n\r\n"),
    "slow-body": _dripping(_headers(_MANIFEST, "Content-Length: 1000000"), b" "),
    "slow-headers": _dripping(_STATUS, b"X-Header: x\r\n"),
    "slow-chunks": _dripping(_CHUNKED, b"1\r\n \r\n"),
    "silent": _dripping(b"", b""),
    "garbage": lambda to: to.send(b"\x00\x1b[31m" * 1000),
    "nothing": lambda to: to.send(b""),
    "cut": lambda to: to.send(_headers("Content-Length: 1000", "Connection: close")),
    "redirect-loop": _whole(b"", "Location: /v2/again", status="302 Found"),
    "redirect-to-nothing": _whole(b"", "Location: https://[evil/", status="302 Found"),
    "redirect-to-a-file": _whole(b"", "Location: file:///etc/passwd", status="302 Found"),
    "nested-json": _whole(b'{"token": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "many-values": _whole(b'{"token": [' + b"[]," * 80_000 + b"[]]}"),
    "no-json": _whole(b"<html>\x1b]0;title\x07</html>"),
    "not-utf-8": _whole(b'{"token": "\xff\xfe"}'),
    "odd-token": _whole(b'{"token": "a\\r\\nX-Header: b"}'),
    "unknown-encoding": _whole(b"xyz", "Content-Encoding: br"),
    "broken-gzip": _whole(b"xyz", "Content-Encoding: gzip"),
    "large-error": _whole(b'{"errors": "' + b"\x1b" * 50_000_000 + b'"}', status="500 Oh"),
    "odd-status": _whole(b"", status="999 \x1b[2J"),
}
"""The hostile responses, by name."""

PLACES = ("ping", "token", "manifest")
"""The kinds of requests that can get the hostile response; the others get a normal one."""


@contextmanager
def serving(place: str, answer: Answer) -> Iterator[str]:
    """Serve until the context ends; yield the host and port."""
    ended = Event()

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                request = self._request()
                if request.startswith("\x16"):
                    return  # TLS, which is not supported
                method, _, path = request.partition(" ")
                asked = "token" if "/token" in path else "manifest" if "/manifests/" in path else "ping"
                if asked == place and method != "HEAD":
                    answer(Conversation(self.request, ended))
                else:
                    self.request.sendall(self._usual(asked))

        def _request(self) -> str:
            """The head of the request, or the first bytes of another protocol."""
            found = b""
            while b"\r\n\r\n" not in found and not found.startswith(b"\x16"):
                part = self.request.recv(65536)
                if not part:
                    return ""
                found += part
            return found.decode("latin-1")

        def _usual(self, asked: str) -> bytes:
            close = "Connection: close"
            if asked == "token":
                return _headers("Content-Length: 13", close) + b'{"token":"t"}'
            if asked == "manifest":
                return _headers("Content-Length: 0", close, status="405 Method Not Allowed")
            realm = f'WWW-Authenticate: Bearer realm="http://{host}/token",service="s"'
            return _headers("Content-Length: 0", realm, close, status="401 Unauthorized")

    class Server(ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as server:
        host = f"127.0.0.1:{server.server_address[1]}"
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield host
        finally:
            ended.set()
            server.shutdown()
