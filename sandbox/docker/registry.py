"""A registry, Debian's docker-registry, on its own address, with TLS and a password."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import trustme

from sandbox.docker.machine import Machine

PASSWORD_ROUNDS = 4  # the minimum of bcrypt: it runs for each request, and the password is not a real one
TLS_PORT = 443
IDENTITY_TOKEN_USER = "<token>"  # noqa: S105 - the user name by which helpers mark an identity token


@dataclass(frozen=True)
class Credentials:
    """A user of a registry."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Registry:
    """A registry.

    Attributes:
        host: its host in image references, with the port if not 443.
        address: the address it listens on: in 198.51.100.0/24, or 127.0.0.0/8, where Docker needs no TLS.
        credentials: its only user; None for anonymous pull and push without TLS, unless a subclass has users.
        face_of: another registry whose images it serves for anonymous pulls with TLS.
    """

    host: str
    address: str
    credentials: Credentials | None = None
    face_of: "Registry | None" = None

    @property
    def is_public(self) -> bool:
        """Whether it allows anonymous access."""
        return self.credentials is None and self.face_of is None

    def credentials_for(self, repository: str) -> Credentials | None:  # noqa: ARG002 - one user for all
        """Return the credentials for a repository; None for anonymous access."""
        return self.credentials

    @property
    def name(self) -> str:
        """Its host without the port."""
        return self.host.partition(":")[0]

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.host.partition(":")[2] or TLS_PORT)

    @property
    def service(self) -> str:
        """The name of its service in messages and logs."""
        return f"registry-{self.name}"

    @property
    def _directory(self) -> str:
        return f"/var/lib/docker-registry/{self.name}"

    def start(self, machine: Machine, authority: trustme.CA) -> None:
        """Start it in a machine. Its images are kept when its process stops.

        Raises:
            SandboxError: it does not start.
        """
        for name, content in self._files(authority).items():
            machine.write(f"{self._directory}/{name}", content, 0o600)
        machine.serve(
            self.service,
            "docker-registry",
            "serve",
            f"{self._directory}/config.yml",
            ready=lambda: machine.listens(self.address, self.port),
        )

    def stop(self, machine: Machine) -> None:
        """Stop its process, to simulate an outage."""
        machine.end(self.service)

    def _authentication(self) -> dict[str, Any]:
        """Return the section `auth` of its configuration."""
        if self.credentials is None:
            return {}
        return {"htpasswd": {"realm": self.name, "path": f"{self._directory}/htpasswd"}}

    def _files(self, authority: trustme.CA) -> Mapping[str, str]:
        http: dict[str, Any] = {"addr": f"{self.address}:{self.port}", "secret": "sandbox"}
        configuration: dict[str, Any] = {
            "version": 0.1,
            "log": {"level": "warn"},
            "storage": {"filesystem": {"rootdirectory": f"{(self.face_of or self)._directory}/images"}},
            "http": http,
        }
        files = {}
        if not self.is_public:
            issued = authority.issue_cert(self.name)
            files["certificate.pem"] = issued.cert_chain_pems[0].bytes().decode()
            files["key.pem"] = issued.private_key_pem.bytes().decode()
            http["tls"] = {
                "certificate": f"{self._directory}/certificate.pem",
                "key": f"{self._directory}/key.pem",
            }
            configuration["auth"] = self._authentication()
        if self.credentials is not None:
            files["htpasswd"] = _htpasswd(self.credentials)
        # JSON is YAML.
        return files | {"config.yml": json.dumps(configuration, indent=2)}


def _htpasswd(credentials: Credentials) -> str:
    import bcrypt

    salt = bcrypt.gensalt(PASSWORD_ROUNDS)
    return f"{credentials.username}:{bcrypt.hashpw(credentials.password.encode(), salt).decode()}\n"
