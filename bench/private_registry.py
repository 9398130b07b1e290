"""A private registry on loopback with TLS and tokens like GitLab's, with a simulated round trip.

The registry is Debian's docker-registry; the token service and the relay are separate processes, so that they
do not slow down the measured programs.
"""

import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import trustme

from bench.relay import ADDRESS
from sandbox.errors import SandboxError
from sandbox.paths import CHECKOUT
from sandbox.services.process import free_port
from tests.registry.loopback_registry import push_image, serving

USERNAME, PASSWORD = "bench", "password-of-the-bench"
ROUND_TRIP_S = 0.02
_START_TIMEOUT_S = 30.0
_POLL_INTERVAL_S = 0.05


@dataclass(frozen=True)
class PrivateRegistry:
    """A registry with images.

    Attributes:
        images: the image references.
        authorities: the path of the CA bundle: the system's CAs, and the registry's.
    """

    images: list[str]
    authorities: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of a client; Go and OpenSSL read SSL_CERT_FILE."""
        return os.environ | {"SSL_CERT_FILE": str(self.authorities)}


@contextmanager
def private_registry(directory: Path, images: int) -> Iterator[PrivateRegistry]:
    """Run a registry with `images` images until the context ends.

    Raises:
        SandboxError: a program is not installed, or does not start.
    """
    names = [f"team/image-{number}" for number in range(images)]
    with serving(directory / "registry") as registry, httpx.Client(base_url=f"http://{registry}") as client:
        for name in names:
            push_image(client, name, "1", [], "linux/amd64")
    authorities = _certificates(directory)
    service_port, registry_port = free_port(), free_port()
    with ExitStack() as stack:
        relay = stack.enter_context(
            _process("bench.relay", str(ROUND_TRIP_S), str(service_port), str(registry_port))
        )
        assert relay.stdout
        far_service, far_registry = relay.stdout.readline().split()
        agreed = {"service": "bench", "issuer": "tokens of bench"}
        files = {"certificate": str(directory / "certificate.pem"), "key": str(directory / "key.pem")}
        users = [{"path": "team", "username": USERNAME, "password": PASSWORD}]
        tokens = directory / "tokens.json"
        tokens.write_text(
            json.dumps(agreed | files | {"address": ADDRESS, "port": service_port, "users": users})
        )
        stack.enter_context(_process("tests.registry.token_service", str(tokens)))
        realm = f"https://{ADDRESS}:{far_service}/token"
        bundle = str(directory / "authority.pem")
        stack.enter_context(
            serving(
                directory / "registry",
                http={"addr": f"{ADDRESS}:{registry_port}", "secret": "bench", "tls": files},
                auth={"token": agreed | {"realm": realm, "rootcertbundle": bundle}},
            )
        )
        for port in (service_port, registry_port):
            _wait_for(port)
        yield PrivateRegistry([f"{ADDRESS}:{far_registry}/{name}:1" for name in names], authorities)


def _certificates(directory: Path) -> Path:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(directory / "authority.pem")
    issued = authority.issue_cert(ADDRESS)
    issued.private_key_pem.write_to_path(directory / "key.pem")
    issued.cert_chain_pems[0].write_to_path(directory / "certificate.pem")
    bundle = directory / "authorities.pem"
    system = ssl.get_default_verify_paths().cafile
    bundle.write_bytes((Path(system).read_bytes() if system else b"") + authority.cert_pem.bytes())
    return bundle


@contextmanager
def _process(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", module, *arguments],
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while True:
        try:
            socket.create_connection((ADDRESS, port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise SandboxError(f"nothing listens on port {port}") from None
            time.sleep(_POLL_INTERVAL_S)
