"""The HTTP client against prepared answers: what it sends, follows, keeps and refuses."""

import gzip
import socket
import ssl
import struct
from contextlib import closing
from pathlib import Path
from threading import Thread, current_thread

import pytest
import trustme
from pulumi_gitlab_runner.http.client import HttpClient, trusting
from pulumi_gitlab_runner.http.deadline import Deadline, TransferDeadline
from pulumi_gitlab_runner.http.errors import (
    HttpError,
    NotHttpError,
    RedirectError,
    TooLargeError,
    UnreachableError,
)

from tests.http.server import END, Scripted, answer, serving

KIB = 1024
KEPT = "a:b@c!d$e&f'g(h)i*j+k,l;m=n%20o~p"
"""The characters that an address may contain unencoded, without its delimiters: RFC 3986."""


def ask(script: Scripted, method: str = "GET", **options: object) -> bytes:
    with HttpClient() as client:
        return client.ask(method, script.url, deadline=Deadline(5), **options).content  # type: ignore[arg-type]


def test_an_answer_is_returned_unchanged() -> None:
    with serving(answer(404, b"no such image", X_Name="value")) as script, HttpClient() as client:
        answered = client.ask("GET", script.url, deadline=Deadline(5))
    assert (answered.status, answered.headers["x-name"], answered.content) == (404, "value", b"no such image")
    assert "no such image" not in repr(answered)  # it may be a token


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("", "/"),
        ("/", "/"),
        ("/v2/a b", "/v2/a%20b"),
        ("/v2?n=1&m", "/v2?n=1&m"),
        (f"/{KEPT}?{KEPT}", f"/{KEPT}?{KEPT}"),
    ],
)
def test_the_request_line_and_the_headers(url: str, target: str) -> None:
    with serving(answer()) as script, HttpClient() as client:
        client.ask("GET", f"http://{script.host}{url}", deadline=Deadline(5), headers={"X-Name": "value"})
    lines = script.requests[0].splitlines()
    assert lines[0] == f"GET {target} HTTP/1.1"
    assert {
        f"Host: {script.host}",
        "Accept-Encoding: identity",
        "User-Agent: pulumi-gitlab-runner",
        "X-Name: value",
    } <= set(lines)


@pytest.mark.parametrize(
    ("limit", "size", "refused"),
    [
        (None, 256 * KIB, None),
        (None, 256 * KIB + 1, "sends more than 256 KiB"),
        (KIB, KIB + 1, "sends more than 1 KiB"),
        (KIB * KIB - 1, KIB * KIB, "sends more than 1023 KiB"),
        (KIB * KIB, KIB * KIB + 1, "sends more than 1 MiB"),
    ],
)
def test_the_size_of_an_answer_is_limited(limit: int | None, size: int, refused: str | None) -> None:
    options = {} if limit is None else {"limit": limit}
    with serving(answer(200, bytes(size))) as script:
        if refused:
            with pytest.raises(TooLargeError, match=f"^{refused}$"):
                ask(script, **options)
        else:
            assert len(ask(script, **options)) == size


@pytest.mark.parametrize(("status", "refused"), [(200, True), (299, True), (300, False), (500, False)])
def test_a_large_body_of_an_error_is_left_out(status: int, refused: bool) -> None:
    with serving(answer(status, bytes(11))) as script:
        if refused:
            with pytest.raises(TooLargeError):
                ask(script, limit=10)
        else:
            assert ask(script, limit=10) == b""


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", " GZIP "])
def test_a_compressed_answer_is_decompressed_in_parts_of_bounded_size(encoding: str) -> None:
    content = bytes(300 * KIB)
    with (
        serving(answer(200, gzip.compress(content), Content_Encoding=encoding)) as script,
        HttpClient() as client,
        closing(client.open("GET", script.url, deadline=Deadline(5))) as stream,
    ):
        parts = list(stream.decoded())
    assert b"".join(parts) == content
    assert max(map(len, parts)) == 64 * KIB


@pytest.mark.parametrize(
    ("encoding", "message"),
    [("br", "an encoding that was not requested"), ("gzip", "cannot be decompressed")],
)
def test_a_compressed_answer_that_cannot_be_decompressed(encoding: str, message: str) -> None:
    compressed = answer(200, b"content", Content_Encoding=encoding)
    with serving(compressed) as script, pytest.raises(NotHttpError, match=message):
        ask(script)


@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 200 -\r\nConnection: close\r\nContent-Length: 9\r\n\r\n12345678",
        b"HTTP/1.1 200 -\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n12345678",
    ],
    ids=["length", "chunks"],
)
def test_an_answer_that_ends_early_is_refused(cut: bytes) -> None:
    with serving(cut) as script, pytest.raises(UnreachableError, match="before the answer was complete"):
        ask(script)


@pytest.mark.parametrize(
    ("method", "status", "follow", "followed"),
    [
        ("GET", 301, True, True),
        ("GET", 302, True, True),
        ("GET", 303, True, True),
        ("GET", 307, True, True),
        ("GET", 308, True, True),
        ("HEAD", 307, True, True),
        ("GET", 300, True, False),
        ("GET", 304, True, False),
        ("GET", 307, False, False),
        ("POST", 307, True, False),
        ("PUT", 307, True, False),
    ],
)
def test_which_redirects_are_followed(method: str, status: int, follow: bool, followed: bool) -> None:
    with serving(answer(status, Location="/next"), answer(200)) as script, HttpClient() as client:
        answered = client.ask(method, script.url, deadline=Deadline(5), follow=follow)
    assert answered.status == (200 if followed else status)
    assert [each.split()[1] for each in script.requests] == (["/", "/next"] if followed else ["/"])


def test_a_redirect_without_a_location_is_the_answer() -> None:
    with serving(answer(307, b"content")) as script:
        assert ask(script) == b"content"


@pytest.mark.parametrize(("redirects", "end"), [(10, True), (11, False)])
def test_ten_redirects_are_followed(redirects: int, end: bool) -> None:
    with serving(*[answer(307, Location="/")] * redirects, answer(200, b"end")) as script:
        if end:
            assert ask(script) == b"end"
        else:
            with pytest.raises(RedirectError, match="redirects more than 10 times"):
                ask(script)


@pytest.mark.parametrize(
    ("place", "message"),
    [("http://[", "redirects to an invalid URL"), ("ftp://a/", "returns a URL that is not HTTP")],
)
def test_a_redirect_to_an_unusable_address_is_refused(place: str, message: str) -> None:
    with serving(answer(307, Location=place)) as script, pytest.raises(RedirectError, match=message):
        ask(script)


SECRETS = {"Authorization": "Basic 4711", "PRIVATE-TOKEN": "4711", "cookie": "a=4711"}


def test_secrets_are_not_sent_to_another_host_after_a_redirect() -> None:
    with serving(answer()) as other, serving(answer(307, Location=other.url)) as script:
        ask(script, headers=SECRETS | {"Accept": "text/plain"})
    assert script.requests[0].count("4711") == 3
    assert "4711" not in other.requests[0]
    assert "Accept: text/plain" in other.requests[0]


def test_secrets_are_sent_to_the_same_host_after_a_redirect() -> None:
    with serving(answer(307, Location="/next"), answer()) as script:
        ask(script, headers=SECRETS)
    assert script.requests[1].count("4711") == 3


def test_each_redirect_checks_whether_its_host_is_allowed() -> None:
    asked: list[tuple[str, str]] = []

    def refuse(scheme: str, host: str) -> None:
        asked.append((scheme, host))
        if scheme == "https":
            raise RedirectError("refused")

    redirect = answer(307, Location="https://registry.example.com/")
    with (
        serving(redirect) as script,
        HttpClient(may_ask=refuse) as client,
        pytest.raises(RedirectError, match="refused"),
    ):
        client.ask("GET", script.url, deadline=Deadline(5))
    assert asked == [("http", "127.0.0.1"), ("https", "registry.example.com")]


def test_a_connection_is_reused_after_its_answer_was_read() -> None:
    with serving(*[answer(200, b"content")] * 3) as script, HttpClient() as client:
        for _ in range(2):
            client.ask("GET", script.url, deadline=Deadline(5))
        assert script.connections == 1
        client.close()
        client.ask("GET", script.url, deadline=Deadline(5))
        assert script.connections == 2


def test_a_connection_with_a_partly_unread_answer_is_not_reused() -> None:
    with serving(*[answer(200, b"content")] * 2) as script, HttpClient() as client:
        client.open("GET", script.url, deadline=Deadline(5)).close()
        client.ask("GET", script.url, deadline=Deadline(5))
        assert script.connections == 2


def test_a_connection_that_its_host_ends_is_not_reused() -> None:
    with serving(answer(Connection="close"), answer()) as script, HttpClient() as client:
        for _ in range(2):
            client.ask("GET", script.url, deadline=Deadline(5))
        assert script.connections == 2


def test_a_connection_that_has_ended_is_not_reused() -> None:
    with serving(answer(X_End="yes"), answer()) as script, HttpClient() as client:
        client.ask("POST", script.url, deadline=Deadline(5))
        assert script.ended.wait(5)
        assert client.ask("POST", script.url, deadline=Deadline(5)).status == 200
        assert script.connections == 2


@pytest.mark.parametrize(("method", "again"), [("GET", True), ("HEAD", True), ("POST", False)])
def test_a_request_is_repeated_when_its_idle_connection_ends(method: str, again: bool) -> None:
    with serving(answer(), END, answer()) as script, HttpClient() as client:
        client.ask("GET", script.url, deadline=Deadline(5))
        if again:
            assert client.ask(method, script.url, deadline=Deadline(5)).status == 200
        else:
            with pytest.raises(UnreachableError, match="before it answered"):
                client.ask(method, script.url, deadline=Deadline(5))
    assert script.connections == 1 + again


def test_a_request_on_a_new_connection_is_not_repeated() -> None:
    with serving(END, answer()) as script, pytest.raises(UnreachableError, match="before it answered"):
        ask(script)
    assert script.connections == 1


def test_a_lookup_that_hangs_does_not_delay_the_exit_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    daemons: list[bool] = []

    def look_up(*_: object, **__: object) -> list[object]:
        daemons.append(current_thread().daemon)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with HttpClient() as client, pytest.raises(HttpError):
        client.ask("GET", "http://registry.example.com/", deadline=Deadline(1))
    assert daemons == [True]


def test_a_local_socket_answers_in_place_of_every_host(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with serving(answer(200, b"content"), path=path), HttpClient(socket_path=path) as client:
        assert client.ask("GET", "http://docker/info", deadline=Deadline(5)).content == b"content"


def test_received_bytes_extend_the_deadline_of_a_transfer() -> None:
    with serving(answer(200, bytes(160 * KIB))) as script, HttpClient() as client:
        deadline = TransferDeadline(5)
        with closing(client.open("GET", script.url, deadline=deadline)) as stream:
            assert sum(map(len, stream.parts())) == 160 * KIB
        assert 5 < deadline.left() <= 15


def test_a_custom_authority_is_trusted_next_to_an_invalid_one() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    certificates = ["no certificate", authority.cert_pem.bytes().decode()]
    with (
        serving(answer(200, b"content"), context=context) as script,
        HttpClient(trusting(certificates)) as client,
    ):
        asked = client.ask("GET", f"https://{script.host}/", deadline=Deadline(5))
    assert asked.content == b"content"
    assert f"Host: {script.host}" in script.requests[0]


def test_a_host_that_resets_the_connection_at_the_start_of_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def reset() -> None:
            connection, _ = listening.accept()
            connection.recv(1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        thread = Thread(target=reset)
        thread.start()
        with (
            HttpClient() as client,
            pytest.raises(HttpError, match="ended the connection before it answered"),
        ):
            client.ask("GET", f"https://127.0.0.1:{listening.getsockname()[1]}/", deadline=Deadline(5))
        thread.join()
