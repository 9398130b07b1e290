"""A server on loopback that sends prepared answers to any requests."""

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import takewhile
from threading import Event, Thread

END = b""
"""In place of an answer: the connection is ended."""

_TLS = b"\x16"
"""The first byte of a TLS connection, which a server without TLS ends."""


@dataclass
class Scripted:
    """The answers that the server sends, and the requests that it received.

    Attributes:
        answers: one for each request, over any number of connections.
        host: its address with the port.
        requests: the heads of the requests.
        connections: their number.
        ended: set when the server has ended one of them itself, after an answer with `X-End`.
    """

    answers: list[bytes]
    host: str = ""
    requests: list[str] = field(default_factory=list)
    connections: int = 0
    ended: Event = field(default_factory=Event)

    @property
    def url(self) -> str:
        return f"http://{self.host}/"


def answer(status: int = 200, content: bytes = b"", **headers: str) -> bytes:
    """An answer with the length of its body; headers are named with underscores."""
    lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


@contextmanager
def serving(*answers: bytes, path: str = "", context: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """Serve until the block ends.

    Args:
        answers: one for each request.
        path: of a local socket; without it, a port of loopback.
        context: of TLS.
    """
    script = Scripted(list(answers))
    listening = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
    listening.bind(path or ("127.0.0.1", 0))
    listening.listen()
    script.host = "" if path else f"127.0.0.1:{listening.getsockname()[1]}"
    threads: list[Thread] = []

    def accept() -> None:
        with suppress(OSError), listening:
            while True:
                connection, _ = listening.accept()
                script.connections += 1
                threads.append(Thread(target=converse, args=(connection,), daemon=True))
                threads[-1].start()

    def converse(connection: socket.socket) -> None:
        if context is None and connection.recv(1, socket.MSG_PEEK) == _TLS:
            connection.close()
            return
        with (
            suppress(OSError),
            context.wrap_socket(connection, server_side=True) if context else connection as plain,
        ):
            reader = plain.makefile("rb")
            with reader:
                while head := b"".join(takewhile(b"\r\n".__ne__, iter(reader.readline, b""))):
                    script.requests.append(head.decode())
                    length = re.search(rb"(?i)^Content-Length: (\d+)", head, re.MULTILINE)
                    reader.read(int(length[1]) if length else 0)
                    content = script.answers.pop(0) if script.answers else END
                    plain.sendall(content)
                    if content == END or any(each in content for each in (b"Connection: close", b"X-End")):
                        plain.shutdown(socket.SHUT_RDWR)
                        script.ended.set()
                        return

    threads.append(Thread(target=accept, daemon=True))
    threads[0].start()
    try:
        yield script
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        for each in threads:
            each.join()
