"""A Docker Engine on a Unix socket, with the answers to the doctor's requests."""

import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any


@contextmanager
def engine(socket: Path, subnets: list[str], pools: list[dict[str, Any]] | None = None) -> Iterator[None]:
    """Serve an engine with networks of these subnets, until the block ends."""
    answers: dict[str, Any] = {
        "/info": {"ServerVersion": "29.7.0", "DefaultAddressPools": pools},
        "/networks": [
            {"Name": "host", "IPAM": {"Config": None}},
            *({"Name": subnet, "IPAM": {"Config": [{"Subnet": subnet}]}} for subnet in subnets),
        ],
    }

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            """Log nothing."""

        def address_string(self) -> str:
            return "socket"

        def do_GET(self) -> None:
            body = json.dumps(answers[self.path]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    socket.parent.mkdir(parents=True, exist_ok=True)
    with socketserver.UnixStreamServer(str(socket), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
