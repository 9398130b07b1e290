"""The proxy that fails a call."""

import http.client
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import httpx
import pytest

from tests.faults.proxy import Fault, Traffic, Way, proxy

CALL = "gitlab POST things one"


class Upstream(BaseHTTPRequestHandler):
    received: list[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append(self.path)
        self.send_response(201)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"made")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def way_in() -> Iterator[tuple[Traffic, str, list[str]]]:
    """The traffic, the proxy's address, and the requests that the service behind it received."""
    Upstream.received = []
    server = HTTPServer(("127.0.0.1", 0), Upstream)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    traffic = Traffic()
    with proxy("gitlab", f"http://127.0.0.1:{server.server_port}", traffic) as address:
        yield traffic, address, Upstream.received
    server.shutdown()
    thread.join()
    server.server_close()


def post(address: str) -> str:
    try:
        answer = httpx.post(f"{address}/api/v4/things", json={"key": "one"}, trust_env=False)
    except httpx.TransportError:
        return "dropped"
    return answer.text if answer.is_success else str(answer.status_code)


@pytest.mark.parametrize(
    ("way", "answers", "received"),
    [
        (Way.ERROR, ["503", "made"], 1),
        (Way.ERROR_LASTING, ["503", "503"], 0),
        (Way.DROPPED, ["dropped", "made"], 1),
        (Way.DROPPED_LASTING, ["dropped", "dropped"], 0),
        (Way.LOST, ["dropped", "made"], 2),
        (Way.LOST_LASTING, ["dropped", "dropped"], 2),
    ],
)
def test_a_way_to_fail(
    way_in: tuple[Traffic, str, list[str]], way: Way, answers: list[str], received: int
) -> None:
    traffic, address, service = way_in
    traffic.begin(Fault(CALL, 1, way))
    assert [post(address), post(address)] == answers
    assert len(service) == received
    traffic.begin(None)
    assert post(address) == "made"
    assert traffic.made == [CALL]


def test_after_a_kill_no_request_arrives(way_in: tuple[Traffic, str, list[str]]) -> None:
    traffic, address, service = way_in
    killed: list[bool] = []
    traffic.begin(Fault(CALL, 2, Way.KILLED), lambda: killed.append(True))
    assert [post(address), post(address), post(address)] == ["made", "dropped", "dropped"]
    assert (len(service), killed) == (2, [True])


def test_a_connection_is_kept(way_in: tuple[Traffic, str, list[str]]) -> None:
    _, address, _ = way_in
    connection = http.client.HTTPConnection(address.removeprefix("http://"))
    for _ in range(2):
        connection.request("POST", "/api/v4/things", b"{}")
        assert connection.getresponse().read() == b"made"
    connection.close()
