"""A command run by the fork server behaves as if this Python ran it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.fork_server import forked_python

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux")

SHOWN = """
import json, os, sys
print(json.dumps([sys.argv, sys.path[:2], os.getcwd(), os.environ["SAID"], sys.stdin.read(), sys.prefix]))
print("aside", file=sys.stderr)
sys.exit(int(sys.argv[-1]))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with forked_python(tmp_path_factory.mktemp("python")) as command:
        yield command


@pytest.mark.parametrize(
    "arguments", [["shown.py", "3"], ["-P", "-m", "shown", "0"], ["-m", "shown", "7"], ["{here}/folder", "1"]]
)
def test_a_command_runs_as_with_this_python(python: Path, tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "shown.py").write_text(SHOWN)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "__main__.py").write_text(SHOWN)

    def seen(command: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [command, *(argument.format(here=tmp_path) for argument in arguments)],
            cwd=tmp_path,
            env=os.environ | {"SAID": "yes", "PYTHONPATH": f"{tmp_path}{os.pathsep}/elsewhere"},
            input="given",
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    assert seen(str(python)) == seen(sys.executable)


def test_an_exception_and_an_exit_message_are_printed_last(python: Path, tmp_path: Path) -> None:
    for program, last in (("1 / 0", "ZeroDivisionError: division by zero"), ("raise SystemExit('no')", "no")):
        (tmp_path / "program.py").write_text(program)
        done = subprocess.run([python, tmp_path / "program.py"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr.splitlines()[-1]) == (1, last)


@pytest.mark.parametrize(
    ("sent", "code"),
    [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 5), (signal.SIGKILL, -signal.SIGKILL)],
)
def test_a_signal_ends_the_command(python: Path, tmp_path: Path, sent: signal.Signals, code: int) -> None:
    """This includes SIGKILL, which ends only the client."""
    (tmp_path / "program.py").write_text(
        "import sys, time\ntry:\n    print('runs', flush=True)\n    time.sleep(60)\n"
        "except KeyboardInterrupt:\n    sys.exit(5)\n"
    )
    with subprocess.Popen([python, tmp_path / "program.py"], stdout=subprocess.PIPE) as client:
        assert client.stdout
        assert client.stdout.readline()
        client.send_signal(sent)
        assert client.wait() == code
        assert client.stdout.read() == b""  # no process has the other end of the pipe
