"""A stand-in for `python` where the fork server runs: `forked_python.py SERVER ARGUMENTS`, those of python.

It has the fork server run the command with this process' files, environment and working directory, passes
SIGINT and SIGTERM on, and exits as the command does. It imports little: it is started for each command.
"""

import json
import os
import select
import signal
import socket
import sys
from types import FrameType

PARENT_CHECK_INTERVAL_S = 1.0


def main(server: str, arguments: list[str]) -> int:
    """Run a command in the fork server; return its exit code, negative for a signal."""
    parent = os.getppid()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(server)
        socket.send_fds(connection, [b"f"], [0, 1, 2])
        directory = os.getcwd()  # noqa: PTH109 (pathlib is most of what would be imported here)
        request = {"arguments": arguments, "environment": dict(os.environ), "directory": directory}
        connection.sendall(json.dumps(request).encode() + b"\n")

        def pass_on(number: int, _frame: FrameType | None) -> None:
            connection.sendall(bytes([number]))

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, pass_on)
        while not select.select([connection], [], [], PARENT_CHECK_INTERVAL_S)[0]:
            if os.getppid() != parent:
                return 1  # the server kills a command whose connection is closed
        return int(connection.recv(16) or b"1")


if __name__ == "__main__":
    code = main(sys.argv[1], sys.argv[2:])
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)
