"""A registry with token authentication, like GitLab's: each user has access to some repositories."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import trustme

from sandbox.docker.machine import Machine
from sandbox.docker.registry import Credentials, Registry
from sandbox.paths import CHECKOUT

TOKEN_PORT = 8443


@dataclass(frozen=True)
class TokenRegistry(Registry):
    """A registry with a separate token service.

    Attributes:
        users: pairs of a path, such as ``platform``, and the credentials for the repositories below it. An
            identity token has the user name ``<token>``.
    """

    users: tuple[tuple[str, Credentials], ...] = ()

    @property
    def is_public(self) -> bool:
        """Whether it allows anonymous access: never, it has users."""
        return False

    def credentials_for(self, repository: str) -> Credentials | None:
        """Return the credentials for a repository."""
        return next(known for path, known in self.users if repository.startswith(f"{path}/"))

    def start(self, machine: Machine, authority: trustme.CA) -> None:
        """Start it, and the token service."""
        super().start(machine, authority)
        machine.serve(
            self._token_service,
            sys.executable, "-P", "-m", "tests.registry.token_service", f"{self._directory}/tokens.json",
            environment={"PYTHONPATH": str(CHECKOUT)},
            ready=lambda: machine.listens(self.address, TOKEN_PORT),
        )  # fmt: skip

    def stop(self, machine: Machine) -> None:
        """Stop both."""
        machine.end(self._token_service)
        super().stop(machine)

    @property
    def _token_service(self) -> str:
        return f"tokens-{self.name}"

    @property
    def _agreed(self) -> dict[str, str]:
        """The settings that the registry and the token service share."""
        return {"service": self.name, "issuer": f"tokens of {self.name}"}

    def _authentication(self) -> dict[str, Any]:
        realm = f"https://{self.name}:{TOKEN_PORT}/token"
        return {
            "token": self._agreed | {"realm": realm, "rootcertbundle": f"{self._directory}/authority.pem"}
        }

    def _files(self, authority: trustme.CA) -> Mapping[str, str]:
        tokens = self._agreed | {
            "address": self.address,
            "port": TOKEN_PORT,
            "certificate": f"{self._directory}/certificate.pem",
            "key": f"{self._directory}/key.pem",
            "users": [
                {"path": path, "username": known.username, "password": known.password}
                for path, known in self.users
            ],
        }
        return {
            **super()._files(authority),
            "authority.pem": authority.cert_pem.bytes().decode(),
            "tokens.json": json.dumps(tokens, indent=2),
        }
