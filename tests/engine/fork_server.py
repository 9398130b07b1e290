"""A process that imports the SDKs and moto once, and forks for each program, plugin and service of a sandbox.

Importing them is most of the CPU time of a program of the tests: pulumi_aws.ec2 alone has 3,000 classes. The
library is still imported by each process. All forks have the same hash seed, so a test of what must not
depend on it runs its programs without the fork server. The server of Python's own `multiprocessing` serves
the children of one process only.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import shlex
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.paths import CHECKOUT

CLIENT = Path(__file__).with_name("forked_python.py")
AWS = (
    *("autoscaling", "cloudwatch", "ec2", "ecr", "iam", "imagebuilder", "kms", "lambda_", "s3", "scheduler"),
    *("secretsmanager", "ssm", "vpc"),
)
IMPORTED = (
    *("pulumi.provider.experimental", "pydantic", "botocore.httpsession", "sandbox.standin.plugin"),
    *("sandbox.providers.aws.provider", "sandbox.providers.gitlab.provider"),
    *("sandbox.services.aws.server", "sandbox.services.gitlab.application"),
    *("pulumi_gitlab", "pulumi_docker", "pulumi_docker_build"),
    *(f"pulumi_aws.{module}" for module in AWS),
)
"""The modules that the server imports: none of the library's."""
SERVICES = (
    *("autoscaling", "cloudwatch", "ec2", "ecr", "iam", "imagebuilder", "kms", "lambda", "logs", "s3"),
    *("scheduler", "secretsmanager", "sns", "ssm", "sts"),
)
"""The services of AWS whose descriptions the server reads for the stand-in."""


@contextmanager
def forked_python(directory: Path) -> Iterator[Path]:
    """Run a server; yield a command that stands in for this Python, for `SANDBOX_PYTHON`.

    Args:
        directory: an empty directory for the command and the server's socket.
    """
    address = directory / "socket"
    python = _command(directory / "python", sys.executable, "-IS", CLIENT, address)
    own_plugin = "pulumi-resource-gitlab-runner"
    _command(directory / own_plugin, python, Path(sys.executable).with_name(own_plugin))
    with subprocess.Popen(
        [sys.executable, "-P", __file__, str(address)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(CHECKOUT), *_python_path()])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as server:
        assert server.stdin
        assert server.stdout
        try:
            assert server.stdout.readline() == b"ready\n"
            yield python
        finally:
            server.stdin.close()


def _command(path: Path, *words: object) -> Path:
    path.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, words))} "$@"\n')
    path.chmod(0o755)
    return path


def main(address: str) -> None:
    """Serve at an address until standard input is closed; in a fork, run what is requested.

    A fork ends without the interpreter's clean-up, which visits each object that the server has imported.
    """
    settings = _import_ahead()
    sys.path[:] = [path for path in sys.path if path not in _python_path()]
    if (request := _request(address)) is None:
        return
    os.environ.clear()
    os.environ.update(request["environment"] | settings)
    os.chdir(request["directory"])
    code = _exit_code(request["arguments"])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _python_path() -> list[str]:
    return list(filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)))


def _import_ahead() -> dict[str, str]:
    """Import the modules; return the environment variables that they set, as for moto."""
    before = dict(os.environ)
    for name in IMPORTED:
        dir(importlib.import_module(name).__builtins__)  # pulumi_aws loads a module when an attribute is read
    connection = importlib.import_module("sandbox.providers.aws.connection")
    clients = connection.Clients({"accessKey": "any", "secretKey": "any"})
    for service in SERVICES:
        clients.client(service, "eu-west-1")
    gc.collect()
    gc.freeze()
    return {name: value for name, value in os.environ.items() if before.get(name) != value}


def _request(address: str) -> dict[str, Any] | None:
    """Serve; return each request in its fork, and None in the server once it ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nothing waits for the forks
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        print("ready", flush=True)
        while True:
            readable, _, _ = select.select([listener, sys.stdin], [], [])
            if sys.stdin in readable:
                return None
            connection, _ = listener.accept()
            if os.fork() == 0:
                break
            connection.close()
    with connection:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _, files, _, _ = socket.recv_fds(connection, 1, 3)
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        with connection.makefile() as stream:
            request: dict[str, Any] = json.loads(stream.readline())
        if (process := os.fork()) != 0:
            _supervise(process, connection)
    return request


def _supervise(process: int, connection: socket.socket) -> None:
    """Pass signals on to a process until it ends, and send its exit code; kill it if the client is gone."""
    for number in range(3):
        os.close(number)
    end = os.pidfd_open(process)
    waited_for = [end, connection]
    while end not in (readable := select.select(waited_for, [], [])[0]):
        if connection in readable:
            received = connection.recv(1)
            os.kill(process, received[0] if received else signal.SIGKILL)
            if not received:
                waited_for.remove(connection)
    _, status = os.waitpid(process, 0)
    with contextlib.suppress(OSError):
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _exit_code(arguments: list[str]) -> int:
    """Run `python ARGUMENTS`; return its exit code."""
    try:
        _run(arguments)
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _run(arguments: list[str]) -> None:
    """Run `python ARGUMENTS`, of which `-P`, `-m MODULE` and the path of a script or folder are supported."""
    if is_safe := arguments[0] == "-P":
        arguments = arguments[1:]
    is_module = arguments[0] == "-m"
    sys.argv = arguments[is_module:]
    script = Path(arguments[0]).resolve()
    sys.path[:0] = _python_path()
    if not is_safe and not script.is_dir():  # runpy adds a folder itself
        sys.path.insert(0, str(Path.cwd() if is_module else script.parent))
    if is_module:
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1])
