"""An HTTP proxy from this machine to the sandbox's registries, and to no other host.

The registries listen in their own network namespace, under names of real registries. A process reaches them
with this proxy in HTTPS_PROXY.
"""

import contextlib
import ctypes
import os
import socket
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_CLONE_NEWNET = 0x40000000  # include/uapi/linux/sched.h
_BUFFER = 64 * 1024
_PATIENCE_S = 10.0

Address = tuple[str, int]


class Gateway(ThreadingHTTPServer):
    """The proxy server, to the addresses that it knows by their ``HOST:PORT``, in a network namespace."""

    daemon_threads = True

    def __init__(self, port: int, network: Path, known: Mapping[str, Address]) -> None:
        self.network = network
        self.known = known
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Gateway

    def do_GET(self) -> None:
        """Respond to the health check."""
        self.send_response(200 if self.path == "/_ping" else 404)
        self.end_headers()

    def do_CONNECT(self) -> None:
        """Connect to a registry, and relay both directions."""
        address = self.server.known.get(self.path)
        if address is None:
            self.send_error(403, f"the sandbox has no {self.path}")
            return
        try:
            registry = _connected(self.server.network, address)
        except OSError as error:
            self.send_error(502, str(error.strerror))
            return
        with registry:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_pass_on, args=(registry, self.connection), daemon=True)
            back.start()
            _pass_on(self.connection, registry)
            back.join()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Write no log."""


def _connected(network: Path, address: Address) -> socket.socket:
    """Connect in another network namespace: a socket belongs to the namespace of its thread."""
    made: list[socket.socket] = []
    failed: list[OSError] = []

    def connect() -> None:
        try:
            with network.open() as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            made.append(socket.create_connection(address, _PATIENCE_S))
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=connect)  # it changes the namespace of this thread only
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    made[0].settimeout(None)
    return made[0]


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_BUFFER):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
