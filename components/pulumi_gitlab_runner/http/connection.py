"""An HTTP connection, on which every step respects the deadline of the request."""

import contextlib
import io
import select
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from threading import Thread
from typing import Any

from pulumi_gitlab_runner.http.deadline import Deadline
from pulumi_gitlab_runner.http.errors import (
    HttpError,
    NotHttpError,
    NotTrustedError,
    TimedOutError,
    TlsError,
    TooLargeError,
    UnreachableError,
)
from pulumi_gitlab_runner.http.proxies import Proxy

LARGEST_HEAD = 256 * 1024
"""The maximum size of a response's status line and headers, in bytes."""
LONGEST_CONNECT_S = 10.0
_BUFFER = 64 * 1024

Content = bytes | Iterable[bytes]


class Connection(HTTPConnection):
    """A connection to a host, with or without TLS and a proxy, or to a Unix socket.

    Args:
        host: the host.
        port: the port.
        context: the TLS context; None for a connection without TLS.
        proxy: the proxy, which tunnels TLS and forwards plain HTTP; None for a direct connection.
        socket_path: the path of a Unix socket, instead of the host; empty for none.
    """

    def __init__(
        self,
        host: str,
        port: int,
        context: ssl.SSLContext | None = None,
        proxy: Proxy | None = None,
        socket_path: str = "",
    ) -> None:
        super().__init__(host, port)
        # The Host header omits a default port: registries copy it into the URLs that they return.
        self.default_port = 443 if context else 80
        self.deadline = Deadline(LONGEST_CONNECT_S)
        self.served = 0
        self._context = context
        self._proxy = proxy
        self._socket_path = socket_path

    def connect(self) -> None:
        """Connect, before the deadline."""
        connect_deadline = self.deadline.within(Deadline(LONGEST_CONNECT_S))
        with deadline_errors(connect_deadline):
            raw = self._connected(connect_deadline)
            try:
                if self._context:
                    if self._proxy:
                        self._tunnel_through(raw, self._proxy, connect_deadline)
                    raw.settimeout(connect_deadline.left())
                    raw = self._context.wrap_socket(raw, server_hostname=self.host)
            except BaseException:
                raw.close()
                raise
        self.sock: Any = _Socket(raw, self)

    def is_open(self) -> bool:
        """Whether the connection can be reused: it was not closed, and nothing unexpected has arrived."""
        if self.sock is None:
            return False
        waiting = select.poll()
        waiting.register(self.sock.raw, select.POLLIN)
        return not waiting.poll(0)

    def exchange(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        content: Content | None,
        deadline: Deadline,
    ) -> HTTPResponse:
        """Send a request, and read the head of the response; on failure, the connection is closed."""
        self.deadline = deadline
        if self._proxy and not self._context:
            target = f"http://{self._place}{target}"
            headers = {**headers, **self._proxy.headers}
        try:
            if self.sock is None:
                self.connect()
            # A server may respond, and close the connection, before it has read the whole body.
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                self.request(method, target, content, headers)
            answer = self.getresponse()
        except BaseException:
            self.close()
            raise
        reader = getattr(answer.fp, "raw", None)
        if isinstance(reader, _Reader):
            reader.head_is_read()
        self.served += 1
        return answer

    @property
    def _place(self) -> str:
        """The host with its port, as in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def _connected(self, deadline: Deadline) -> socket.socket:
        if self._socket_path:
            raw = socket.socket(socket.AF_UNIX)
            raw.settimeout(deadline.left())
            raw.connect(self._socket_path)
            return raw
        place = (self._proxy.host, self._proxy.port) if self._proxy else (self.host, self.port or 0)
        failure: OSError = OSError("it has no address")
        for family, kind, protocol, _, address in _addresses(*place, deadline):
            raw = socket.socket(family, kind, protocol)
            try:
                raw.settimeout(deadline.left())
                raw.connect(address)
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return raw
            except OSError as error:
                raw.close()
                failure = error
        raise failure

    def _tunnel_through(self, raw: socket.socket, proxy: Proxy, deadline: Deadline) -> None:
        """Open a tunnel through the proxy."""
        lines = [f"CONNECT {self._place} HTTP/1.1", f"Host: {self._place}"]
        lines += [f"{name}: {value}" for name, value in proxy.headers.items()]
        self.deadline = deadline
        through = _Socket(raw, self)
        through.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        answer = HTTPResponse(through)  # type: ignore[arg-type]
        answer.begin()
        if answer.status != 200:
            raise UnreachableError(f"cannot be reached: the proxy answers with status {answer.status}")


class _Socket:
    """The part of a socket's interface that `http.client` uses."""

    def __init__(self, raw: socket.socket, connection: Connection) -> None:
        self.raw = raw
        self._connection = connection

    def sendall(self, content: bytes) -> None:
        self.raw.settimeout(self._connection.deadline.left())
        self.raw.sendall(content)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self.raw, self._connection), _BUFFER)

    def close(self) -> None:
        self.raw.close()


class _Reader(io.RawIOBase):
    """Reads a response. The head is limited to `LARGEST_HEAD`; `Stream` limits the body."""

    def __init__(self, raw: socket.socket, connection: Connection) -> None:
        self._raw = raw
        self._stream = raw.makefile("rb", buffering=0)
        self._connection = connection
        self._head: int | None = LARGEST_HEAD

    def head_is_read(self) -> None:
        self._head = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._head is not None and self._head <= 0:
            raise TooLargeError(f"sends more than {LARGEST_HEAD // 1024} KiB of headers")
        self._raw.settimeout(self._connection.deadline.left())
        size = self._stream.readinto(buffer)
        if self._head is not None and size:
            self._head -= size
        return size

    def close(self) -> None:
        self._stream.close()
        super().close()


@contextlib.contextmanager
def deadline_errors(deadline: Deadline) -> Iterator[None]:
    """Convert every connection failure into an `HttpError`."""
    try:
        yield
    except HttpError:
        raise
    except TimeoutError:
        raise TimedOutError(deadline.seconds) from None
    except ssl.SSLCertVerificationError as error:
        raise NotTrustedError(error.verify_message) from None
    except ssl.SSLError as error:
        reason = (error.reason or "the connection ended").replace("_", " ").lower()
        raise TlsError(f"does not speak TLS correctly: {reason}") from None
    except (ConnectionResetError, BrokenPipeError):
        raise UnreachableError("ended the connection before it answered") from None
    except IncompleteRead:
        raise UnreachableError("ended the connection before the answer was complete") from None
    except UnicodeError:
        raise UnreachableError("cannot be reached: its name is not a valid host name") from None
    except OSError as error:
        raise UnreachableError(f"cannot be reached: {(error.strerror or str(error)).lower()}") from None
    except (HTTPException, ValueError):
        raise NotHttpError("does not speak HTTP correctly") from None


def _addresses(host: str, port: int, deadline: Deadline) -> list[Any]:
    """The addresses of a host name, looked up in a thread because `getaddrinfo` has no timeout."""
    found: list[Any] = []
    failure: list[Exception] = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:
            failure.append(error)

    thread = Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(deadline.left())
    if failure:
        raise failure[0]
    if not found:
        raise TimeoutError
    return found
