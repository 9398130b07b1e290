"""The HTTP client: limits on time, memory and redirects, and reused connections."""

import contextlib
import ssl
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from functools import cache
from http.client import HTTPException, HTTPResponse
from threading import Lock
from typing import Self
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from pulumi_gitlab_runner.http.connection import Connection, Content, deadline_errors
from pulumi_gitlab_runner.http.deadline import Deadline, TransferDeadline
from pulumi_gitlab_runner.http.errors import NotHttpError, RedirectError, TooLargeError, UnreachableError
from pulumi_gitlab_runner.http.proxies import proxy_for

LARGEST_ANSWER = 256 * 1024
"""The default maximum size of a response body, in bytes."""
MOST_REDIRECTS = 10
_SECRET_HEADERS = ("authorization", "private-token", "cookie")
_REDIRECTS = (301, 302, 303, 307, 308)
_PART = 64 * 1024
_PORTS = {"http": 80, "https": 443}
_KEPT_IN_ADDRESSES = "/:?#[]@!$&'()*+,;=%~"


@dataclass(frozen=True)
class Answer:
    """A response with its whole body.

    Attributes:
        status: the status code.
        headers: the headers, with case-insensitive names.
        content: the body; empty if the body of an error response exceeds the limit.
    """

    status: int
    headers: Message
    content: bytes = field(repr=False)


class Stream:
    """A response whose body is read in parts."""

    def __init__(
        self, client: "HttpClient", connection: Connection, answer: HTTPResponse, origin: "Origin"
    ) -> None:
        self.status = answer.status
        self.headers: Message = answer.headers
        self._client = client
        self._connection = connection
        self._answer = answer
        self._origin = origin

    def parts(self) -> Iterator[bytes]:
        """The body as received, in parts.

        Raises:
            HttpError: the body is incomplete, or does not arrive in time.
        """
        deadline = self._connection.deadline
        with deadline_errors(deadline):
            while part := self._answer.read(_PART):
                if isinstance(deadline, TransferDeadline):
                    deadline.add(len(part))
                yield part
            if self._answer.length:
                raise UnreachableError("ended the connection before the answer was complete")

    def decoded(self) -> Iterator[bytes]:
        """The body in parts of limited size, decompressed if the server compressed it without a request.

        Raises:
            HttpError: the body is incomplete, does not arrive in time, or has an unknown encoding.
        """
        encoding = (self.headers.get("content-encoding") or "identity").strip().lower()
        if encoding == "identity":
            yield from self.parts()
            return
        if encoding not in ("gzip", "x-gzip"):
            raise NotHttpError("sends an answer in an encoding that was not requested")
        decompressor = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            for part in self.parts():
                while part:
                    yield decompressor.decompress(part, _PART)
                    part = decompressor.unconsumed_tail
        except zlib.error:
            raise NotHttpError("sends an answer that cannot be decompressed") from None

    def whole(self, limit: int = LARGEST_ANSWER) -> Answer:
        """Read the whole body, decompressed, and close the response.

        Args:
            limit: the maximum size of the body of a response with status 2xx, in bytes. A larger body with
                another status is omitted.

        Raises:
            TooLargeError: the body is larger.
            HttpError: as for `decoded`.
        """
        content = bytearray()
        try:
            for part in self.decoded():
                content += part
                if len(content) > limit:
                    if 200 <= self.status < 300:
                        raise TooLargeError(f"sends more than {_size(limit)}")
                    return Answer(self.status, self.headers, b"")
        finally:
            self.close()
        return Answer(self.status, self.headers, bytes(content))

    def close(self) -> None:
        """Close the response; the connection is reused if the whole body has been read."""
        if self._answer.isclosed() and not self._answer.will_close:
            self._client._keep(self._origin, self._connection)
        else:
            self._answer.close()
            self._connection.close()


@dataclass(frozen=True)
class Origin:
    """The scheme, host and port of a URL; secrets are sent to no other origin."""

    scheme: str
    host: str
    port: int


class HttpClient:
    """An HTTP client; one instance serves any number of threads.

    Proxies are those of the environment variables. Bodies are requested without compression. A redirect of
    GET or HEAD is followed; headers with secrets are not sent to another origin.

    Args:
        context: the TLS context; None for the system's CAs.
        may_ask: called with the scheme and host of each request; raises an exception to prevent the request.
        socket_path: the path of a Unix socket, to which all requests are sent instead.
    """

    def __init__(
        self,
        context: ssl.SSLContext | None = None,
        may_ask: Callable[[str, str], None] | None = None,
        socket_path: str = "",
    ) -> None:
        self._context = context
        self._may_ask = may_ask
        self._socket_path = socket_path
        self._lock = Lock()
        self._idle: dict[Origin, list[Connection]] = {}

    def ask(
        self,
        method: str,
        url: str,
        *,
        deadline: Deadline,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        limit: int = LARGEST_ANSWER,
        follow: bool = True,
    ) -> Answer:
        """Send a request, and read the whole response.

        Args:
            method: the method, such as ``GET``.
            url: the URL, ``http://…`` or ``https://…``.
            deadline: the deadline of the request.
            headers: the headers of the request.
            content: the body of the request.
            limit: the maximum size of the body of a response with status 2xx, in bytes.
            follow: whether a redirect of GET or HEAD is followed.

        Raises:
            HttpError: there is no response, or it exceeds a limit.
        """
        asked = self.open(method, url, deadline=deadline, headers=headers, content=content, follow=follow)
        return asked.whole(limit)

    def open(
        self,
        method: str,
        url: str,
        *,
        deadline: Deadline,
        headers: Mapping[str, str] | None = None,
        content: Content | None = None,
        follow: bool = True,
    ) -> Stream:
        """Send a request, and return the response for reading in parts; the caller closes it.

        Arguments as for `ask`; for a body in parts, which is sent only once, the headers include
        ``Content-Length``.

        Raises:
            HttpError: there is no response.
        """
        sent = {"Accept-Encoding": "identity", "User-Agent": "pulumi-gitlab-runner", **(headers or {})}
        for _ in range(MOST_REDIRECTS + 1):
            parts, origin = _read_url(url)
            if self._may_ask:
                self._may_ask(parts.scheme, origin.host)
            stream = self._send(method, parts, origin, sent, content, deadline)
            place = stream.headers.get("location")
            if not follow or method not in ("GET", "HEAD") or stream.status not in _REDIRECTS or not place:
                return stream
            with contextlib.suppress(TooLargeError):
                stream.whole()
            url = _joined(url, place)
            if origin_of(url) != origin:
                sent = {name: value for name, value in sent.items() if name.lower() not in _SECRET_HEADERS}
        raise RedirectError(f"redirects more than {MOST_REDIRECTS} times")

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for connections in idle.values():
            for connection in connections:
                connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(
        self,
        method: str,
        parts: SplitResult,
        origin: Origin,
        headers: Mapping[str, str],
        content: Content | None,
        deadline: Deadline,
    ) -> Stream:
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        connection = self._idle_connection(origin) or self._new_connection(origin)
        with deadline_errors(deadline):
            try:
                answer = connection.exchange(method, target, headers, content, deadline)
            except (ConnectionError, HTTPException):
                # The server may close an idle connection just when it is reused.
                if not connection.served or method not in ("GET", "HEAD"):
                    raise
                connection = self._new_connection(origin)
                answer = connection.exchange(method, target, headers, content, deadline)
        return Stream(self, connection, answer, origin)

    def _idle_connection(self, origin: Origin) -> Connection | None:
        while True:
            with self._lock:
                idle = self._idle.get(origin)
                if not idle:
                    return None
                connection = idle.pop()
            if connection.is_open():
                return connection
            connection.close()

    def _new_connection(self, origin: Origin) -> Connection:
        if self._socket_path:
            return Connection(origin.host, origin.port, socket_path=self._socket_path)
        context = (self._context or system_trust()) if origin.scheme == "https" else None
        return Connection(origin.host, origin.port, context, proxy_for(origin.scheme, origin.host))

    def _keep(self, origin: Origin, connection: Connection) -> None:
        with self._lock:
            self._idle.setdefault(origin, []).append(connection)


@cache
def system_trust() -> ssl.SSLContext:
    """A TLS context with the system's CAs, cached because they take long to load."""
    return ssl.create_default_context()


def trusting(certificates: Iterable[str]) -> ssl.SSLContext:
    """A TLS context with the system's CAs, and others.

    Args:
        certificates: the other CAs, in PEM. Invalid ones are ignored.
    """
    context = ssl.create_default_context()
    for each in certificates:
        with contextlib.suppress(ssl.SSLError, ValueError):
            context.load_verify_locations(cadata=each)
    return context


def _joined(url: str, place: str) -> str:
    try:
        return urljoin(url, place)
    except ValueError:
        raise RedirectError("redirects to an invalid URL") from None


def _read_url(url: str) -> tuple[SplitResult, Origin]:
    """The parts of a URL, and its origin.

    Raises:
        RedirectError: the URL is invalid, or its scheme is not HTTP or HTTPS.
    """
    try:
        parts = urlsplit(quote(url, _KEPT_IN_ADDRESSES))
        host, port = parts.hostname, parts.port
    except ValueError:
        raise RedirectError("returns an invalid URL") from None
    if not host or parts.scheme not in _PORTS:
        raise RedirectError("returns a URL that is not HTTP")
    return parts, Origin(parts.scheme, host, port or _PORTS[parts.scheme])


def origin_of(url: str) -> Origin:
    """The origin of a URL, with its port, also if that is the default.

    Raises:
        RedirectError: the URL is invalid, or its scheme is not HTTP or HTTPS.
    """
    return _read_url(url)[1]


def _size(number: int) -> str:
    return f"{number // 1024**2} MiB" if number >= 1024**2 else f"{number // 1024} KiB"
