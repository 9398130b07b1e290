"""The parts of the HTTP client: deadlines, proxies, and the error of each failure."""

import socket
import ssl
from http.client import BadStatusLine, IncompleteRead
from types import SimpleNamespace

import pytest
from pulumi_gitlab_runner.http import deadline as deadlines
from pulumi_gitlab_runner.http.bounded_json import read_json
from pulumi_gitlab_runner.http.client import HttpClient
from pulumi_gitlab_runner.http.connection import Connection, deadline_errors
from pulumi_gitlab_runner.http.deadline import Deadline, TransferDeadline
from pulumi_gitlab_runner.http.errors import (
    HttpError,
    NotHttpError,
    NotTrustedError,
    TimedOutError,
    TlsError,
    TooLargeError,
    UnreachableError,
)
from pulumi_gitlab_runner.http.proxies import Proxy, proxy_for

from tests.http.server import answer, serving


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The time of deadlines, which a test sets."""
    fake = SimpleNamespace(now=100.0)
    monkeypatch.setattr(deadlines, "time", SimpleNamespace(monotonic=lambda: fake.now))
    return fake


def test_a_deadline_has_passed_at_its_end(clock: SimpleNamespace) -> None:
    deadline = Deadline(2.5)
    clock.now = 102.0
    assert deadline.left() == 0.5
    clock.now = 102.5
    with pytest.raises(TimedOutError, match=r"^gave no answer in 2\.5 seconds$"):
        deadline.left()


def test_the_earlier_of_two_deadlines_counts(clock: SimpleNamespace) -> None:
    short, long = Deadline(1), Deadline(2)
    assert short.within(long) is long.within(short) is short


def test_a_transfer_has_a_second_for_sixteen_kibibytes(clock: SimpleNamespace) -> None:
    deadline = TransferDeadline(1)
    deadline.add(32 * 1024)
    assert deadline.left() == 3


def test_connecting_takes_ten_seconds_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[float] = []
    monkeypatch.setattr(socket.socket, "settimeout", lambda _, seconds: limits.append(seconds))
    with HttpClient() as client:
        for seconds in (60, 4):
            with pytest.raises(UnreachableError, match=r"^cannot be reached: connection refused$"):
                client.ask("GET", "http://127.0.0.1:1/", deadline=Deadline(seconds))
    assert 9 < limits[0] <= 10
    assert 3 < limits[1] <= 4


def test_a_request_is_sent_within_its_own_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also on a connection that an earlier request has opened."""
    limits: list[float] = []
    send = socket.socket.sendall

    def sendall(raw: socket.socket, content: bytes) -> None:
        if (limit := raw.gettimeout()) is not None:  # the server has none
            limits.append(limit)
        send(raw, content)

    monkeypatch.setattr(socket.socket, "sendall", sendall)
    with serving(answer(200), answer(200)) as script, HttpClient() as client:
        for seconds in (60, 4):
            client.ask("GET", script.url, deadline=Deadline(seconds))
    assert script.connections == 1
    assert 50 < limits[0] <= 60
    assert 3 < limits[1] <= 4


def test_a_host_that_does_not_accept_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(_raw: socket.socket, _address: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with HttpClient() as client, pytest.raises(TimedOutError, match=r"^gave no answer in 10 seconds$"):
        client.ask("GET", "http://127.0.0.1/", deadline=Deadline(60))


def test_a_name_that_is_not_looked_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    with HttpClient() as client, pytest.raises(TimedOutError, match=r"^gave no answer in 3 seconds$"):
        client.ask("GET", "http://registry.example.com/", deadline=Deadline(3))


def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer(200, b"content")) as script, HttpClient() as client:
        port = int(script.host.partition(":")[2])
        address = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        found = [(*address, ("127.0.0.1", 1)), (*address, ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        asked = client.ask("GET", "http://registry.example.com/", deadline=Deadline(3))
    assert asked.content == b"content"


def certificate_error() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "failed")
    error.verify_message = "certificate has expired"
    return error


def tls_error(reason: str | None) -> ssl.SSLError:
    error = ssl.SSLError(1, "failed")
    error.reason = reason  # type: ignore[assignment]
    return error


ENDED = "ended the connection before it answered"


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (NotHttpError("as it was"), NotHttpError, "as it was"),
        (TimeoutError(), TimedOutError, "gave no answer in 7 seconds"),
        (
            certificate_error(),
            NotTrustedError,
            "has a certificate that is not trusted: certificate has expired",
        ),
        (
            tls_error("WRONG_VERSION_NUMBER"),
            TlsError,
            "does not speak TLS correctly: wrong version number",
        ),
        (tls_error(None), TlsError, "does not speak TLS correctly: the connection ended"),
        (ConnectionResetError(), UnreachableError, ENDED),
        (BrokenPipeError(), UnreachableError, ENDED),
        (IncompleteRead(b""), UnreachableError, "ended the connection before the answer was complete"),
        (
            UnicodeError("label too long"),
            UnreachableError,
            "cannot be reached: its name is not a valid host name",
        ),
        (OSError(113, "No route to host"), UnreachableError, "cannot be reached: no route to host"),
        (OSError("It has no address"), UnreachableError, "cannot be reached: it has no address"),
        (BadStatusLine("x"), NotHttpError, "does not speak HTTP correctly"),
        (ValueError("x"), NotHttpError, "does not speak HTTP correctly"),
    ],
)
def test_the_error_of_each_failure(error: Exception, kind: type[HttpError], message: str) -> None:
    with pytest.raises(HttpError) as raised, deadline_errors(Deadline(7)):
        raise error
    assert (type(raised.value), str(raised.value)) == (kind, message)


BASIC = {"Proxy-Authorization": "Basic dXNlcjpwQHNz"}
"""The base64 of `user:p@ss`."""


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, None),
        ({"https_proxy": "http://proxy.example.com:3128"}, Proxy("proxy.example.com", 3128)),
        ({"HTTPS_PROXY": "http://proxy.example.com"}, Proxy("proxy.example.com", 80)),
        ({"https_proxy": "proxy.example.com:3128"}, Proxy("proxy.example.com", 3128)),
        ({"all_proxy": "http://proxy.example.com:3128"}, Proxy("proxy.example.com", 3128)),
        ({"http_proxy": "http://proxy.example.com:3128"}, None),
        ({"https_proxy": "http://one:1", "all_proxy": "http://other:2"}, Proxy("one", 1)),
        ({"https_proxy": "http://proxy:1", "no_proxy": "example.com"}, None),
        ({"https_proxy": "http://proxy:1", "no_proxy": "example.org"}, Proxy("proxy", 1)),
        ({"https_proxy": "http://user:p%40ss@proxy:1"}, Proxy("proxy", 1, BASIC)),
        (
            {"https_proxy": "http://user@proxy:1"},
            Proxy("proxy", 1, {"Proxy-Authorization": "Basic dXNlcjo="}),
        ),
    ],
)
def test_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: Proxy | None
) -> None:
    monkeypatch.setattr("os.environ", variables)
    assert proxy_for("https", "registry.example.com") == expected


@pytest.mark.parametrize("address", ["https://proxy:1", "socks5://proxy:1", "http://", "http://proxy:port"])
def test_a_proxy_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr("os.environ", {"https_proxy": address})
    with pytest.raises(UnreachableError, match="the proxy of https_proxy is not an http:// address"):
        proxy_for("https", "registry.example.com")


@pytest.mark.parametrize(
    ("host", "place"), [("registry.example.com", "registry.example.com:80"), ("::1", "[::1]:80")]
)
def test_a_proxy_forwards_plain_http(host: str, place: str) -> None:
    with serving(answer(200, b"content")) as script:
        name, _, port = script.host.partition(":")
        connection = Connection(host, 80, proxy=Proxy(name, int(port), BASIC))
        answered = connection.exchange("GET", "/v2/", {"Accept": "a"}, None, Deadline(5))
        assert answered.read() == b"content"
        connection.close()
    lines = script.requests[0].splitlines()
    assert lines[0] == f"GET http://{place}/v2/ HTTP/1.1"
    assert {"Accept: a", "Proxy-Authorization: Basic dXNlcjpwQHNz"} <= set(lines)


@pytest.mark.parametrize("host", ["registry.example.com", "::1"])
@pytest.mark.parametrize(
    ("status", "message"),
    [
        (407, "cannot be reached: the proxy answers with status 407"),
        (201, "cannot be reached: the proxy answers with status 201"),
        (200, "does not speak TLS correctly"),
    ],
)
def test_a_proxy_tunnels_tls(host: str, status: int, message: str) -> None:
    with serving(answer(status, X_End="yes")) as script:
        name, _, port = script.host.partition(":")
        connection = Connection(
            host, 443, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), Proxy(name, int(port), BASIC)
        )
        with pytest.raises(UnreachableError, match=message):
            connection.exchange("GET", "/v2/", {}, None, Deadline(5))
    place = {"registry.example.com": "registry.example.com:443", "::1": "[::1]:443"}[host]
    assert script.requests == [
        f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nProxy-Authorization: Basic dXNlcjpwQHNz\r\n"
    ]


def test_a_proxys_password_is_not_shown() -> None:
    assert repr(Proxy("proxy", 1, BASIC)) == "Proxy(host='proxy', port=1)"


@pytest.mark.parametrize(("lines", "refused"), [(4, False), (6, True)])
def test_the_headers_of_an_answer_are_limited(lines: int, refused: bool) -> None:
    """Headers of 60 KiB each, which http.client accepts; it reads up to 64 KiB at a time."""
    headers = {f"X_{number}": "x" * 60 * 1024 for number in range(lines)}
    with serving(answer(200, **headers)) as script, HttpClient() as client:
        if refused:
            with pytest.raises(TooLargeError, match=r"^sends more than 256 KiB of headers$"):
                client.ask("GET", script.url, deadline=Deadline(5))
        else:
            assert client.ask("GET", script.url, deadline=Deadline(5)).status == 200


@pytest.mark.parametrize("element", [b"{}", b"[]", b"1,2", b'{"a":1}'])
def test_every_kind_of_value_is_counted(element: bytes) -> None:
    assert read_json(b"[" + b",".join([element] * 49_000) + b"]")
    with pytest.raises(ValueError, match="too many values"):
        read_json(b"[" + b",".join([element] * 51_000) + b"]")
