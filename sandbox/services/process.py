"""A service of the sandbox as a process of its own: started, found again, stopped.

Its port and its process are remembered in a file, so that addresses stay the same from run to run and a later
command finds what an earlier one started. A process is known by its id and its start time together: an id
alone may by then belong to someone else's process, which must not be stopped.
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

from sandbox.errors import SandboxError

HOST = "127.0.0.1"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
POLL_INTERVAL_S = 0.05
ANSWER_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Service:
    """A server on loopback, run as `python -m MODULE --port PORT`."""

    name: str
    """What it is called in messages and in the names of its files."""
    module: str
    """The Python module that serves."""
    health_path: str
    """The path that answers with a status below 400 once it serves."""
    health_headers: Mapping[str, str] = field(default_factory=dict)
    """What that request needs besides."""


@dataclass(frozen=True)
class Remembered:
    """What is remembered of a service between commands."""

    port: int
    pid: int = 0
    started: str = ""


class ServiceProcess:
    """The process of a service.

    Args:
        service: what to run.
        directory: the sandbox's; there `services.json` is the memory, `logs/NAME.log` what it prints.
    """

    def __init__(self, service: Service, directory: Path) -> None:
        self.service = service
        self.memory = directory / "services.json"
        self.log = directory / "logs" / f"{service.name}.log"

    @property
    def port(self) -> int:
        """The port it listens on, chosen once and then kept."""
        remembered = self._remembered()
        if remembered is None:
            remembered = Remembered(_free_port())
            self._remember(remembered)
        return remembered.port

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"http://{HOST}:{self.port}"

    def start(self, environment: Mapping[str, str]) -> bool:
        """Start it when it does not serve already; return whether it was started. Then `wait` for it."""
        if self._serves():
            return False
        self.stop()
        if not _is_free(self.port):
            port = _free_port()
            print(
                f"{self.service.name}: port {self.port} is taken by another program, using {port}",
                file=sys.stderr,
            )
            self._remember(Remembered(port))
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", self.service.module, "--port", str(self.port)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        process.returncode = 0  # it outlives this command on purpose: no warning that it still runs
        self._remember(Remembered(self.port, process.pid, _start_time(process.pid)))
        return True

    def wait(self) -> None:
        """Wait until it answers.

        Raises:
            SandboxError: it ended, or did not answer in time; the message ends with its log.
        """
        if self._serves():
            return
        what = f"did not answer within {START_TIMEOUT_S:g} s" if self.runs() else "ended at once"
        self.stop()
        last_lines = self.log.read_text(errors="replace").splitlines()[-10:]
        raise SandboxError(
            "\n".join([f"The service {self.service.name} {what}. Its log, {self.log}, ends:", *last_lines])
        )

    def stop(self) -> bool:
        """Stop it when it runs; its port stays remembered. Return whether it ran."""
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
        """Say whether the process that was started is still there."""
        remembered = self._remembered()
        return (
            remembered is not None
            and remembered.started != ""
            and _start_time(remembered.pid) == remembered.started
        )

    def _serves(self) -> bool:
        """Say whether it answers; while its process runs, give it time to."""
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


def _free_port() -> int:
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
    """Return when a process started, in the system's own words; empty when there is none, or it has ended."""
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
    with contextlib.suppress(ProcessLookupError):  # it may just have ended by itself
        os.kill(pid, number)
