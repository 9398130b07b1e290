"""Services as processes: started once, found again, stopped, never mistaken for another program."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.services.process import Service, ServiceProcess

SERVICE = Service("answering", "answering", "/", {"KEY": "right"})
ENVIRONMENT = dict(os.environ) | {"PYTHONPATH": str(Path(__file__).parent / "fixtures" / "service")}


@pytest.fixture
def process(tmp_path: Path) -> Iterator[ServiceProcess]:
    process = ServiceProcess(SERVICE, tmp_path)
    yield process
    process.stop()


def remembered(directory: Path) -> dict[str, object]:
    known: dict[str, object] = json.loads((directory / "services.json").read_text())["answering"]
    return known


def answers(process: ServiceProcess) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=5)
    try:
        connection.request("GET", "/", headers={"KEY": "right"})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def test_a_later_command_finds_a_started_service(process: ServiceProcess, tmp_path: Path) -> None:
    assert process.start(ENVIRONMENT) is True
    process.wait()
    later = ServiceProcess(SERVICE, tmp_path)
    assert later.start(ENVIRONMENT) is False
    assert later.url == process.url
    assert later.stop() is True
    assert not answers(process)
    assert later.stop() is False


def test_the_address_is_the_same_in_each_run(process: ServiceProcess) -> None:
    process.start(ENVIRONMENT)
    process.wait()
    address = process.url
    process.stop()
    assert process.start(ENVIRONMENT) is True
    assert process.url == address


def test_a_killed_service_is_restarted(process: ServiceProcess, tmp_path: Path) -> None:
    process.start(ENVIRONMENT)
    process.wait()
    pid = int(str(remembered(tmp_path)["pid"]))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert process.start(ENVIRONMENT) is True
    process.wait()


def test_a_port_that_another_program_took_is_replaced(
    process: ServiceProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", process.port)):
        taken = process.port
        process.start(ENVIRONMENT)
        assert process.port != taken
        assert f"port {taken} is taken by another program, using {process.port}" in capsys.readouterr().err


def test_another_process_with_the_same_id_is_not_stopped(process: ServiceProcess, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        known = {"port": process.port, "pid": stranger.pid, "started": "long ago"}
        (tmp_path / "services.json").write_text(json.dumps({"answering": known}))
        assert process.stop() is False
        assert stranger.poll() is None
        stranger.communicate(b"\n")


def test_the_reason_of_a_failed_start_is_reported(process: ServiceProcess) -> None:
    process.start(ENVIRONMENT | {"END_AT_ONCE": "1"})
    with pytest.raises(SandboxError, match=r"answering exited immediately(?s:.*)a reason in the log"):
        process.wait()
