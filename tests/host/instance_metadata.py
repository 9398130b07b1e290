"""An instance metadata service on loopback: IMDSv2 only."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

_SESSION = "session-4711"
_HEADER = "X-aws-ec2-metadata-token"
_CURL = f"""
for last; do :; done
case "$*" in
    "-sf -m 5 -X PUT -H {_HEADER}-ttl-seconds: 60 $RUNNER_HOST_IMDS/latest/api/token") echo {_SESSION} ;;
    "-sf -m 5 -H {_HEADER}: {_SESSION} $RUNNER_HOST_IMDS/latest/meta-data/"*)
        file="@/${{last#*/latest/meta-data/}}"
        [ -r "$file" ] || exit 22
        read -r value <"$file"
        printf '%s' "$value" ;;
    *) echo "unexpected: curl $*" >&2; exit 2 ;;
esac
"""


class Metadata:
    """The metadata of an instance, in the files of a directory."""

    endpoint = "http://169.254.169.254"
    """The address of the service."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir()

    def of_the_group(self) -> Self:
        """Set the values of an instance in service."""
        self.set("instance-id", "i-0123456789abcdef0")
        self.set("tags/instance/aws:autoscaling:groupName", "the-group")
        self.set("autoscaling/target-lifecycle-state", "InService")
        return self

    def set(self, path: str, value: str) -> None:
        """Set a value, such as `instance-id`."""
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(value)

    @property
    def curl(self) -> str:
        """A `curl` that answers the library's two requests, and no others.

        The real one takes ten times as long to start, and a boot starts it 50 times.
        """
        return _CURL.replace("@", str(self.directory))


class InstanceMetadata(Metadata):
    """Serves the values as `/latest/meta-data/…`, from `__enter__` to `__exit__`."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)

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
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
