"""The machine that Docker runs in does not change the machine that it runs on."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.docker import unavailable
from sandbox.docker.machine import Machine
from sandbox.docker.unavailable import DockerUnavailableError
from sandbox.errors import SandboxError
from sandbox.paths import CHECKOUT

pytestmark = pytest.mark.docker


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    started = Machine(tmp_path)
    try:
        unavailable.check()
        started.start()
    except DockerUnavailableError as reason:
        pytest.skip(f"no machine for a Docker Engine: {reason}")
    yield started
    started.stop()


@pytest.mark.parametrize(
    "path",
    ["/etc/written", "/usr/local/bin/written", "/root/written", "/dev/written", f"{CHECKOUT}/written"],
)
def test_a_written_file_stays_in_the_machine(machine: Machine, path: str) -> None:
    machine.write(path, "text", 0o600)
    assert machine.run("stat", "--format=%a", path).stdout == "600\n"
    assert not Path(path).exists()


def test_the_machine_has_its_own_network(machine: Machine) -> None:
    links = machine.run("ip", "-brief", "link").stdout.splitlines()
    assert [line.split()[0] for line in links] == ["lo"]
    assert not machine.listens("198.51.100.2", 443)


def test_the_machine_detects_a_listening_program(machine: Machine) -> None:
    listen = "import socket, time; s = socket.create_server(('198.51.100.2', 443)); time.sleep(60)"
    machine.serve("any", sys.executable, "-c", listen, ready=lambda: machine.listens("198.51.100.2", 443))
    assert not machine.listens("127.0.0.1", 443)
    machine.end("any")
    assert not machine.listens("198.51.100.2", 443)


def test_a_service_that_ends_immediately_is_reported_with_the_reason(machine: Machine) -> None:
    with pytest.raises(SandboxError, match=r"broken exited immediately(.|\n)*the reason"):
        machine.serve("broken", "sh", "-c", "echo the reason >&2; exit 3", ready=lambda: False)


def test_the_machine_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    try:
        unavailable.check()
    except DockerUnavailableError as reason:
        pytest.skip(f"no machine for a Docker Engine: {reason}")
    program = (
        "import os, pathlib, sys\n"
        "from sandbox.docker.machine import Machine\n"
        f"machine = Machine(pathlib.Path({str(tmp_path)!r}))\n"
        "machine.start()\n"
        "print(machine.path('').parent.name, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False
    )
    first = Path("/proc", done.stdout.strip())
    assert first != Path("/proc")
    subprocess.run(["timeout", "30", "tail", f"--pid={first.name}", "-f", "/dev/null"], check=True)
    assert not first.exists()
