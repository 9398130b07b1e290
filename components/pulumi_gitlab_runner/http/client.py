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
"""The default limit of a body, in bytes."""
MOST_REDIRECTS = 10
_REDIRECTS = (301, 302, 303, 307, 308)
_PART = 64 * 1024
_PORTS = {"http": 80, "https": 443}
_KEPT_IN_ADDRESSES = "/:?#[]@!$&'()*+,;=%~"


@dataclass(frozen=True)
class Answer:
    """An answer with its whole body.

    Attributes:
        status: its status.
        headers: its headers; their names in any case.
        content: its body; empty where an answer other than 2xx has more than may be read.
    """

    status: int
    headers: Message
    content: bytes = field(repr=False)


class Stream:
    """An answer whose body is read in parts.

    Attributes:
        status: its status.
        headers: its headers.
    """

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
        """The body as it is sent, in parts.

        Raises:
            HttpError: it ends too early, or does not come in time.
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
        """The body in parts of bounded size, unpacked where it comes packed without being asked for.

        Raises:
            HttpError: it ends too early, does not come in time, or is packed in an unknown way.
        """
        encoding = (self.headers.get("content-encoding") or "identity").strip().lower()
        if encoding == "identity":
            yield from self.parts()
            return
        if encoding not in ("gzip", "x-gzip"):
            raise NotHttpError("sends an answer in an encoding that it was not asked for")
        unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            for part in self.parts():
                while part:
                    yield unpacking.decompress(part, _PART)
                    part = unpacking.unconsumed_tail
        except zlib.error:
            raise NotHttpError("sends an answer that cannot be unpacked") from None

    def read(self, limit: int) -> bytes:
        """The whole body, unpacked.

        Raises:
            TooLargeError: it has more bytes than the limit.
            HttpError: as `decoded`.
        """
        content = bytearray()
        for part in self.decoded():
            content += part
            if len(content) > limit:
                raise TooLargeError(f"sends more than {_size(limit)}")
        return bytes(content)

    def whole(self, limit: int = LARGEST_ANSWER) -> Answer:
        """The answer with its body, unpacked; it is closed then.

        Args:
            limit: the most bytes that the body of an answer with status 2xx may have. A larger body
                of another status is left out.

        Raises:
            TooLargeError: it has more.
            HttpError: as `decoded`.
        """
        try:
            content = self.read(limit)
        except TooLargeError:
            if 200 <= self.status < 300:
                raise
            content = b""
        finally:
            self.close()
        return Answer(self.status, self.headers, content)

    def close(self) -> None:
        """End it; the connection is used again where the whole body has been read."""
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

    Proxies are those of the environment. A body is asked for as it is, unpacked; a redirect of GET or HEAD is
    followed, without the headers that hold secrets where it leads to another host.

    Args:
        context: of TLS; None for the system's CAs.
        may_ask: is called with the scheme and host of each request, and raises where it must not be sent.
        socket_path: a socket of this machine, which answers in place of every host.
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
        """Send a request, and read the whole answer.

        Args:
            method: such as ``GET``.
            url: the URL, ``http://…`` or ``https://…``.
            deadline: when it ends.
            headers: of the request.
            content: its body.
            limit: the most bytes that the body of an answer with status 2xx may have.
            follow: whether a redirect of GET or HEAD is followed.

        Raises:
            HttpError: there is no answer, or none within these bounds.
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
        """Send a request, and read the answer in parts; the caller closes it. Arguments as in `ask`.

        Args:
            method: such as ``GET``.
            url: the URL.
            deadline: when it ends.
            headers: of the request; with a body in parts, ``Content-Length`` among them.
            content: its body; one in parts is sent once.
            follow: whether a redirect of GET or HEAD is followed.

        Raises:
            HttpError: there is no answer.
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
                sent = {name: value for name, value in sent.items() if not _is_secret(name)}
        raise RedirectError("redirects without end")

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
                # The host may end an idle connection at the moment at which it is used again.
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
    """The system's CAs, cached: they take a while to load."""
    return ssl.create_default_context()


def trusting(certificates: Iterable[str]) -> ssl.SSLContext:
    """The CAs of the system, and others.

    Args:
        certificates: in PEM. Invalid ones are left out: certificates signed by them are not trusted.
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
        raise RedirectError("redirects to an address that is none") from None


def _read_url(url: str) -> tuple[SplitResult, Origin]:
    """An address with what it is sent to.

    Raises:
        RedirectError: it is none, or not one of HTTP.
    """
    try:
        parts = urlsplit(quote(url, _KEPT_IN_ADDRESSES))
        host, port = parts.hostname, parts.port
    except ValueError:
        raise RedirectError("names an address that is none") from None
    if not host or parts.scheme not in _PORTS:
        raise RedirectError("names an address that is not one of HTTP")
    return parts, Origin(parts.scheme, host, port or _PORTS[parts.scheme])


def origin_of(url: str) -> Origin:
    """The origin of an address; a default port is included.

    Raises:
        RedirectError: it is none, or not one of HTTP.
    """
    return _read_url(url)[1]


def _is_secret(header: str) -> bool:
    return header.lower() in ("authorization", "private-token", "cookie")


def _size(number: int) -> str:
    return f"{number // 1024**2} MiB" if number >= 1024**2 else f"{number // 1024} KiB"
