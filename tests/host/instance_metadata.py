"""The metadata of an instance, IMDSv2 alone, on loopback."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

_SESSION = "session-4711"


class InstanceMetadata:
    """Serves the files below a directory as `/latest/meta-data/…`, from `__enter__` to `__exit__`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir()

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                allowed = (
                    self.path == "/latest/api/token"
                    and "X-aws-ec2-metadata-token-ttl-seconds" in self.headers
                )
                self._answer(200 if allowed else 400, _SESSION)

            def do_GET(self) -> None:
                value = directory / self.path.removeprefix("/latest/meta-data/")
                if self.headers["X-aws-ec2-metadata-token"] != _SESSION:
                    self._answer(401, "no session")
                elif value.is_file():
                    self._answer(200, value.read_text())
                else:
                    self._answer(404, "not found")

            def _answer(self, status: int, text: str) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_arguments: object) -> None:
                """Print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def set(self, path: str, value: str) -> None:
        """Give a value, such as `instance-id`."""
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(value)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
