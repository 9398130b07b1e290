"""A service of the sandbox as a background process: start, find and stop it.

Its port and its process are stored in a file, so that ports stay the same from run to run and a later command
finds the process that an earlier one started. A process is identified by its id and its start time together:
an id alone may be that of another process by then, which must not be stopped.
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.errors import service_error

HOST = "127.0.0.1"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
POLL_INTERVAL_S = 0.05
ANSWER_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Service:
    """A server on loopback, run as `python -m MODULE --port PORT`."""

    name: str
    """The name in messages and of its files."""
    module: str
    """The Python module to run."""
    health_path: str
    """The path of the health check, which responds with a status below 400 when the service is ready."""
    health_headers: Mapping[str, str] = field(default_factory=dict)
    """The headers of the health check."""


@dataclass(frozen=True)
class Remembered:
    """The stored port and process of a service."""

    port: int
    pid: int = 0
    started: str = ""


class ServiceProcess:
    """The process of a service.

    Args:
        service: the service to run.
        directory: the sandbox's directory; `services.json` in it stores the processes, `logs/NAME.log` is the
            output.
    """

    def __init__(self, service: Service, directory: Path) -> None:
        self.service = service
        self.memory = directory / "services.json"
        self.log = directory / "logs" / f"{service.name}.log"

    @property
    def port(self) -> int:
        """The port it listens on, chosen once and then stored."""
        remembered = self._remembered()
        if remembered is None:
            remembered = Remembered(free_port())
            self._remember(remembered)
        return remembered.port

    @property
    def url(self) -> str:
        """Its URL, without a path."""
        return f"http://{HOST}:{self.port}"

    def start(self, environment: Mapping[str, str]) -> bool:
        """Start it if it is not running; return whether it was started. `wait` waits until it is ready."""
        if self._serves():
            return False
        self.stop()
        if not _is_free(self.port):
            port = free_port()
            print(
                f"{self.service.name}: port {self.port} is taken by another program, using {port}",
                file=sys.stderr,
            )
            self._remember(Remembered(port))
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [
                    environment.get("SANDBOX_PYTHON", sys.executable),
                    *("-P", "-m", self.service.module, "--port", str(self.port)),
                ],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        process.returncode = 0  # it outlives this command on purpose: no ResourceWarning
        self._remember(Remembered(self.port, process.pid, _start_time(process.pid)))
        return True

    def wait(self) -> None:
        """Wait until it is ready; `SandboxError` with the end of its log if it exits, or is not in time."""
        if self._serves():
            return
        what = f"did not answer within {START_TIMEOUT_S:g} s" if self.runs() else "exited immediately"
        self.stop()
        raise service_error(self.service.name, what, self.log)

    def stop(self) -> bool:
        """Stop it if it is running; its port is kept. Return whether it was running."""
        remembered = self._remembered()
        if remembered is None or not self.runs():
            return False
        _signal(remembered.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self.runs():
            if time.monotonic() > deadline:
                _signal(remembered.pid, signal.SIGKILL)
            time.sleep(POLL_INTERVAL_S)
        self._remember(Remembered(remembered.port))
        return True

    def runs(self) -> bool:
        """Return whether the started process is running."""
        remembered = self._remembered()
        return (
            remembered is not None
            and remembered.started != ""
            and _start_time(remembered.pid) == remembered.started
        )

    def _serves(self) -> bool:
        """Return whether it responds, within the start timeout while its process is running."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while self.runs() and time.monotonic() < deadline:
            if self._answers():
                return True
            time.sleep(POLL_INTERVAL_S)
        return False

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=ANSWER_TIMEOUT_S)
        try:
            connection.request("GET", self.service.health_path, headers=dict(self.service.health_headers))
            return connection.getresponse().status < 400
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _remembered(self) -> Remembered | None:
        known = _read(self.memory).get(self.service.name)
        return Remembered(**known) if known else None

    def _remember(self, remembered: Remembered) -> None:
        known = _read(self.memory) | {self.service.name: vars(remembered)}
        self.memory.parent.mkdir(parents=True, exist_ok=True)
        written = self.memory.with_suffix(".new")
        written.write_text(json.dumps(known, indent=2) + "\n")
        written.replace(self.memory)


def _read(memory: Path) -> dict[str, Any]:
    try:
        known: dict[str, Any] = json.loads(memory.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return known


def free_port() -> int:
    """Return a free port on loopback."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _start_time(pid: int) -> str:
    """Return the start time of a process, in the system's format; empty if not found or a zombie."""
    if sys.platform == "linux":
        try:
            # "PID (NAME) STATE …" with anything in NAME; field 3: state, 22: start (proc_pid_stat(5))
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        return "" if fields[0] == "Z" else fields[19]
    answer = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it may just have exited
        os.kill(pid, number)
