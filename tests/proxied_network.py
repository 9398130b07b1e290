"""A network whose only way out is an HTTP proxy."""

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

PORT = 3128
_LISTEN = """
ip link set lo up
exec "$1" -c '
import socket, sys
server = socket.create_server((sys.argv[1], int(sys.argv[2])))
with socket.socket(socket.AF_UNIX) as channel:
    channel.connect(sys.argv[3])
    socket.send_fds(channel, [b"x"], [server.fileno()])
sys.stdin.read()
' "$2" "$3" "$4"
"""
_HEAD = 64 * 1024


class ProxiedNetwork:
    """An HTTP proxy that listens in a network namespace, and connects from outside it.

    Args:
        directory: an empty one.
        places: the address to which the proxy connects for a host, if it is not that of the host.
        network: the namespace. Default: a new one with only loopback.
        address: where the proxy listens in it.
    """

    def __init__(
        self,
        directory: Path,
        places: Mapping[str, tuple[str, int]],
        network: Path | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        self._directory = directory
        self._places = places
        self._enter = ["nsenter", f"--net={network}"] if network else ["unshare", "--net"]
        self._address = address
        self.url = f"http://{address}:{PORT}"
        self.asked: list[str] = []
        """`METHOD HOST` of each request so far."""

    @property
    def path(self) -> Path:
        """The namespace, for `nsenter`."""
        return Path(f"/proc/{self._process.pid}/ns/net")

    def __enter__(self) -> Self:
        self._directory.mkdir()
        channel = self._directory / "channel"
        listen = (sys.executable, self._address, str(PORT))
        with socket.socket(socket.AF_UNIX) as waiting:
            waiting.bind(str(channel))
            waiting.listen()
            waiting.settimeout(30)
            self._process = subprocess.Popen(
                [*self._enter, "sh", "-ec", _LISTEN, "listen", *listen, str(channel)], stdin=subprocess.PIPE
            )
            connection, _ = waiting.accept()
            with connection:
                _, (descriptor,), *_ = socket.recv_fds(connection, 1, 1)
        self._server = socket.socket(fileno=descriptor)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._process.communicate(timeout=30)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """Pass one request on, or one tunnel; connections are not used again."""
        with client, contextlib.suppress(OSError, ValueError):
            received = b""
            while b"\r\n\r\n" not in received and len(received) < _HEAD:
                received += client.recv(_HEAD) or b"\r\n\r\n"
            head, _, body = received.partition(b"\r\n\r\n")
            line, *fields = head.decode("latin-1").split("\r\n")
            method, target, version = line.split(" ")
            address = urlsplit(target if "://" in target else f"//{target}")
            host = address.hostname or ""
            self.asked.append(f"{method} {host}")
            place = self._places.get(host, (host, address.port or 80))
            with socket.create_connection(place, timeout=60) as server:
                if method == "CONNECT":
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    path = target.partition("://")[2].partition("/")[2]
                    kept = [each for each in fields if not each.lower().startswith(("connection", "proxy-"))]
                    lines = [f"{method} /{path} {version}", *kept, "Connection: close", "", ""]
                    server.sendall("\r\n".join(lines).encode("latin-1") + body)
                _both_ways(client, server)


def _both_ways(one: socket.socket, other: socket.socket) -> None:
    def copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(1 << 16):
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)

    back = threading.Thread(target=copy, args=(other, one), daemon=True)
    back.start()
    copy(one, other)
    back.join()
