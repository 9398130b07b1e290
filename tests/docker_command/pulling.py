"""The real `docker pull` without a Docker Engine: which image it requests, and with which credentials."""

import base64
import json
import re
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from pulumi_gitlab_runner.doctor.credential_helpers import HelperProcess

TIMEOUT_S = 30
PATH = "/usr/bin:/bin"
_HELPER = """#!/bin/sh
cat "${0%/*}/answer"
exit "$(cat "${0%/*}/status")"
"""


@dataclass(frozen=True)
class Pull:
    """The result of a `docker pull`.

    Attributes:
        image: the full name of the pulled image; None if the command failed.
        authorization: the content of `X-Registry-Auth`.
        error_output: what it printed to standard error.
    """

    image: str | None
    authorization: Mapping[str, str] = field(default_factory=dict)
    error_output: str = ""


class _Engine(ThreadingHTTPServer):
    """The part of a Docker Engine's API that `docker pull` needs; it has every image."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.authorizations: list[str] = []


class _Request(BaseHTTPRequestHandler):
    server: _Engine

    def do_GET(self) -> None:
        if urlsplit(self.path).path.endswith("/images/create"):
            self.server.authorizations.append(self.headers["X-Registry-Auth"])
        self.send_response(200)
        self.send_header("Api-Version", "1.41")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"{}")

    do_HEAD = do_POST = do_GET  # noqa: N815 - http.server's names

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


class DockerCommand:
    """The command, as a context manager, with its own home, a credential helper `h` and a listening engine.

    Args:
        program: its absolute path.
        directory: an empty one.
    """

    def __init__(self, program: str, directory: Path) -> None:
        self._program = program
        self._home = directory
        self._helpers = directory / "helpers"
        self._engine = _Engine()
        (directory / ".docker").mkdir()
        self._helpers.mkdir()
        helper = self._helpers / "docker-credential-h"
        helper.write_text(_HELPER)
        helper.chmod(0o755)

    def __enter__(self) -> Self:
        threading.Thread(target=self._engine.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.shutdown()
        self._engine.server_close()

    @cached_property
    def version(self) -> tuple[int, int]:
        """The version, such as (28, 2)."""
        printed = subprocess.run(
            [self._program, "--version"], capture_output=True, text=True, check=True
        ).stdout
        match = re.search(r"(\d+)\.(\d+)", printed)
        assert match
        return int(match[1]), int(match[2])

    @property
    def run_helper(self) -> HelperProcess:
        """Runs the helper as the command does."""
        return HelperProcess(str(self._helpers), {"PATH": PATH})

    def let_helper_answer(self, exit_status: int, output: bytes) -> None:
        """Set the answer of the helper `h` to every request."""
        (self._helpers / "status").write_text(str(exit_status))
        (self._helpers / "answer").write_bytes(output)

    def pull(self, image: str, config: str = "{}", variable: str = "") -> Pull:
        """Pull an image.

        Args:
            image: as given to the command.
            config: the `config.json` of its user.
            variable: `DOCKER_AUTH_CONFIG` in the environment of its user.
        """
        (self._home / ".docker/config.json").write_text(config)
        self._engine.authorizations.clear()
        done = subprocess.run(
            [self._program, "--host", f"tcp://127.0.0.1:{self._engine.server_port}", "pull", "--", image],
            env={"HOME": str(self._home), "PATH": f"{self._helpers}:{PATH}", "DOCKER_AUTH_CONFIG": variable},
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        error_output = done.stderr.decode(errors="replace")
        if done.returncode != 0:
            return Pull(None, error_output=error_output)
        (authorization,) = self._engine.authorizations
        sent = json.loads(base64.urlsafe_b64decode(authorization))
        return Pull(done.stdout.decode().splitlines()[-1], sent, error_output)
