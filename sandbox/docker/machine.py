"""A temporary copy of this machine with its own file system, network and processes.

It reads the files of this machine. Files that are written, mounts and listening sockets exist only in the
copy, and are removed when it stops, or when the process that started it exits for any reason.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from pathlib import Path
from typing import Self

from pulumi_gitlab_runner.host.files import LINK, HostFile

from sandbox.docker.unavailable import DockerUnavailableError
from sandbox.errors import service_error
from sandbox.paths import CHECKOUT

SCRIPT = Path(__file__).with_name("machine.sh")
NAMESPACES = ("--mount", "--net", "--pid", "--ipc", "--uts")
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}
"""The default environment of a program in the machine, without the user's own variables."""
START_TIMEOUT_S = 30.0
COMMAND_TIMEOUT_S = 60.0
POLL_INTERVAL_S = 0.02

_LISTENS = "0A"  # TCP_LISTEN: include/net/tcp_states.h of Linux
_ACCEPTS = "00010000"  # __SO_ACCEPTCON: include/uapi/linux/net.h of Linux


class Machine:
    """A machine, from `start` to `stop`, or as a context manager.

    Args:
        directory: created if it does not exist. Its `root` is the mount point of the machine's file system,
            its `logs/NAME.log` the output of each service.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._first: subprocess.Popen[str] | None = None
        self._pid = 0
        self._services: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the machine; `DockerUnavailableError` if this host does not allow it."""
        root = self.directory / "root"
        root.mkdir(parents=True, exist_ok=True)
        (self.directory / "logs").mkdir(exist_ok=True)
        self._first = subprocess.Popen(
            ["unshare", *NAMESPACES, "--fork", "--kill-child", str(SCRIPT), str(root), *_elsewhere()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the process that started it
        )
        assert self._first.stdout is not None  # noqa: S101 (created with a pipe)
        answer = self._first.stdout.readline()
        if not answer:
            _, reason = self._first.communicate()
            raise DockerUnavailableError(f"no namespaces for a machine of its own: {reason.strip()}")
        self._pid = int(answer)

    def stop(self) -> None:
        """Stop the machine, with all of its processes."""
        if self._first is None:
            return
        self._first.communicate()  # closes its standard input, which ends its first process
        for service in self._services.values():
            service.wait()
        self._services.clear()
        self._first = None

    def path(self, inside: str) -> Path:
        """Return the path outside of the machine of a file in it. Symbolic links resolve outside of it."""
        return Path(f"/proc/{self._pid}/root{inside}")

    @property
    def network(self) -> Path:
        """The file of its network namespace."""
        return Path(f"/proc/{self._pid}/ns/net")

    def write(self, inside: str, content: str, mode: int = 0o644) -> None:
        """Write a file in the machine, and create its parent directories."""
        file = self.path(inside)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        file.chmod(mode)

    def place(self, files: Mapping[str, HostFile]) -> None:
        """Write the files of a runner host, by their path relative to the root."""
        for path, file in files.items():
            place = self.path(f"/{path}")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            if file.mode == LINK:
                place.symlink_to(file.content)
            else:
                self.write(f"/{path}", file.content, int(file.mode, 8))

    def run(
        self,
        *command: str,
        environment: Mapping[str, str] | None = None,
        stdin: str = "",
        timeout: float = COMMAND_TIMEOUT_S,
        check: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine, as root in its root directory, and return its output.

        Args:
            command: the program and its arguments.
            environment: its whole environment; by default `ENVIRONMENT`.
            stdin: its standard input.
            timeout: the timeout, in seconds.
            check: raise `CalledProcessError` if it does not exit with 0.
        """
        return subprocess.run(
            [*self._entry(), *command],
            env=dict(ENVIRONMENT if environment is None else environment),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=check,
        )

    def serve(
        self,
        name: str,
        *command: str,
        ready: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start a service in the machine, and wait until it is ready.

        Args:
            name: the name in messages and of the log file.
            command: the program and its arguments.
            ready: returns whether the service is ready.
            environment: environment variables in addition to `ENVIRONMENT`.

        Raises:
            SandboxError: it exited, or was not ready in time; the message ends with its log.
        """
        log = self.directory / "logs" / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [*self._entry(), *command],
                env=ENVIRONMENT | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._services[name] = process
        deadline = time.monotonic() + START_TIMEOUT_S
        while not ready():
            ended = process.poll() is not None
            if ended or time.monotonic() > deadline:
                what = "exited immediately" if ended else f"was not ready within {START_TIMEOUT_S:g} s"
                raise service_error(name, what, log)
            time.sleep(POLL_INTERVAL_S)

    def end(self, name: str) -> None:
        """Kill a service of the machine, and wait until all of its processes have exited."""
        service = self._services.pop(name)
        os.killpg(service.pid, signal.SIGKILL)  # its children are in its session
        service.wait()
        with contextlib.suppress(ProcessLookupError):
            while True:
                os.killpg(service.pid, 0)
                time.sleep(POLL_INTERVAL_S)

    def listens(self, address: str, port: int) -> bool:
        """Return whether a process in the machine listens on a TCP port of an IPv4 address."""
        # The kernel prints an address as a number in the byte order of this machine: proc_pid_net(5)
        number = int.from_bytes(IPv4Address(address).packed, sys.byteorder)
        wanted = [f"{number:08X}:{port:04X}", _LISTENS]
        sockets = Path(f"/proc/{self._pid}/net/tcp").read_text().splitlines()[1:]
        return any(line.split()[1:4:2] == wanted for line in sockets)

    def listens_at(self, socket: str) -> bool:
        """Return whether a process in the machine listens on a Unix socket, given by its path there."""
        sockets = Path(f"/proc/{self._pid}/net/unix").read_text().splitlines()[1:]
        fields = [line.split() for line in sockets]
        return any(flags == _ACCEPTS and path == [socket] for _, _, _, flags, _, _, _, *path in fields)

    def _entry(self) -> list[str]:
        nsenter = shutil.which("nsenter")
        if nsenter is None:
            raise DockerUnavailableError("not installed: util-linux")
        return [nsenter, "--target", str(self._pid), *NAMESPACES, "--"]


def _elsewhere() -> list[str]:
    """Return the directories that the machine needs from file systems other than that of `/`."""
    needed = dict.fromkeys(Path(path).resolve() for path in (CHECKOUT, sys.prefix, sys.base_prefix))
    return [str(path) for path in needed if path.stat().st_dev != Path("/").stat().st_dev]
