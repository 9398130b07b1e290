"""A registry that sends its clients to a token server, as GitLab's registry and Docker Hub do."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import trustme

from sandbox.docker.machine import Machine
from sandbox.docker.sandbox import HUB
from tests.docker.runner_host import LEGACY

TOKEN_SERVER = Path(__file__).with_name("token_server.py")
SYSTEM_CAS = "/etc/ssl/certs/ca-certificates.crt"
NAMES = "/etc/hosts"


@dataclass(frozen=True)
class Server:
    """A server with TLS, on an address of its own."""

    host: str
    address: str

    @property
    def name(self) -> str:
        return self.host.partition(":")[0]

    @property
    def port(self) -> int:
        return int(self.host.partition(":")[2] or 443)


@dataclass(frozen=True)
class BearerRegistry:
    """Debian's docker-registry, which accepts every token that its token server issues.

    Attributes:
        registry: the registry.
        tokens: its token server.
        images: the directory with its images.
    """

    registry: Server
    tokens: Server
    images: str

    def start(self, machine: Machine, authority: trustme.CA) -> None:
        """Start both, and configure Docker Engine to trust them."""
        directory = f"/var/lib/bearer-registry/{self.registry.name}"
        configuration = {
            "version": 0.1,
            "log": {"level": "warn"},
            "storage": {"filesystem": {"rootdirectory": self.images}},
            "http": {
                "addr": f"{self.registry.address}:{self.registry.port}",
                "secret": "sandbox",
                "tls": {
                    "certificate": f"{directory}/{self.registry.name}.pem",
                    "key": f"{directory}/{self.registry.name}.key",
                },
            },
            "auth": {"silly": {"realm": f"https://{self.tokens.host}/token", "service": self.registry.name}},
        }
        for server in (self.registry, self.tokens):
            issued = authority.issue_cert(server.name)
            chain = b"".join(pem.bytes() for pem in issued.cert_chain_pems)
            machine.write(f"{directory}/{server.name}.pem", chain.decode())
            machine.write(f"{directory}/{server.name}.key", issued.private_key_pem.bytes().decode(), 0o600)
            machine.write(f"/etc/docker/certs.d/{server.host}/ca.crt", authority.cert_pem.bytes().decode())
        machine.write(f"{directory}/config.yml", json.dumps(configuration))
        machine.serve(
            f"tokens-{self.tokens.name}",
            sys.executable, str(TOKEN_SERVER), self.tokens.address, str(self.tokens.port),
            f"{directory}/{self.tokens.name}.pem", f"{directory}/{self.tokens.name}.key",
            ready=lambda: machine.listens(self.tokens.address, self.tokens.port),
        )  # fmt: skip
        machine.serve(
            f"bearer-registry-{self.registry.name}",
            "docker-registry", "serve", f"{directory}/config.yml",
            ready=lambda: machine.listens(self.registry.address, self.registry.port),
        )  # fmt: skip


REFUSING = BearerRegistry(
    Server(f"{LEGACY.name}:5001", LEGACY.address),
    Server(f"{LEGACY.name}:5002", LEGACY.address),
    "/var/lib/bearer-registry/images",
)
"""A registry whose token server refuses, as GitLab does; at a host name that the machine has already."""

DOCKER_HUB = BearerRegistry(
    Server("registry-1.docker.io", "198.51.100.20"),
    Server("auth.docker.io", "198.51.100.21"),
    f"/var/lib/docker-registry/{HUB.name}/images",
)
"""A stand-in for Docker Hub itself, with the images of the engine's mirror."""


def start_bearer_registries(machine: Machine) -> None:
    """Start both; the whole machine resolves the names of Docker Hub and trusts its authority."""
    authority = trustme.CA()
    names, authorities = machine.path(NAMES).read_text(), machine.path(SYSTEM_CAS).read_text()
    for server in (DOCKER_HUB.registry, DOCKER_HUB.tokens):
        names += f"{server.address} {server.name}\n"
    machine.write(NAMES, names)
    machine.write(SYSTEM_CAS, authorities + authority.cert_pem.bytes().decode())
    for registry in (REFUSING, DOCKER_HUB):
        registry.start(machine, authority)
