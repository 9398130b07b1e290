"""The Docker part of the sandbox: a machine with a Docker Engine, registries, and AWS for their tokens."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import trustme

from sandbox.docker import unavailable
from sandbox.docker.engine import DockerEngine
from sandbox.docker.machine import Machine
from sandbox.docker.registry import Credentials, Registry
from sandbox.errors import SandboxError
from sandbox.paths import CHECKOUT
from sandbox.services.aws import ecr_public

AWS_ADDRESS, AWS_PORT = "198.51.100.1", 4566
"""The address and port of AWS for the machine, and for containers in it."""
HUB = Registry("127.0.1.1:5000", "127.0.1.1")
"""The stand-in for Docker Hub: the engine's registry mirror, with anonymous access."""
HUB_API = Registry("registry-1.docker.io", "198.51.100.10", face_of=HUB)
"""Docker Hub under its own name, for clients other than the engine."""
ECR_PUBLIC = Registry("public.ecr.aws", "198.51.100.6", Credentials("AWS", ecr_public.PASSWORD))
"""The Amazon ECR Public Gallery, with authentication by AWS credentials."""
CREATED = "2026-11-01T00:00:00Z"
"""The fixed creation time of its images, so that their digests are the same after a restart: a mirror keeps
the first digest of a tag."""
ECR_LOGIN = "/usr/bin/docker-credential-ecr-login"


def ecr(account: str, region: str, address: str) -> Registry:
    """Return an ECR registry. Its password is the token of moto's GetAuthorizationToken."""
    host = f"{account}.dkr.ecr.{region}.amazonaws.com"
    return Registry(host, address, Credentials("AWS", f"{account}-auth-token"))


@dataclass(frozen=True)
class Image:
    """An image in one of the registries, its repository with the tag, and its reference in a job."""

    registry: Registry
    repository: str
    name: str

    @property
    def address(self) -> str:
        """Its reference with the registry's host."""
        return f"{self.registry.host}/{self.repository}"

    @property
    def credentials(self) -> Credentials | None:
        """The credentials to pull it with; None for anonymous access."""
        return self.registry.credentials_for(self.repository)


def private(registry: Registry, repository: str) -> Image:
    """Return an image of a private registry."""
    return Image(registry, repository, f"{registry.host}/{repository}")


def public(name: str) -> Image:
    """Return an official image of Docker Hub, such as ``redis:latest``."""
    return Image(HUB, f"library/{name}", name)


class DockerSandbox:
    """The Docker part of the sandbox, from `start` to `stop`, or as a context manager.

    Args:
        directory: created if it does not exist; only logs are written to it.
        ecr_login: the real credential helper of ECR.
        images: the images to push to the registries.
    """

    def __init__(self, directory: Path, ecr_login: Path, images: tuple[Image, ...]) -> None:
        self.machine = Machine(directory)
        self.identities: Mapping[Image, str] = {}
        """The id of each image."""
        self._engine: DockerEngine | None = None
        self._authority = trustme.CA()
        self._ecr_login = ecr_login
        self._images = images
        self._registries = [*dict.fromkeys([HUB, HUB_API, *(image.registry for image in images)])]

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def engine(self) -> DockerEngine:
        """The running Docker Engine."""
        if self._engine is None:
            raise SandboxError("the Docker Engine is not started")
        return self._engine

    @property
    def authority(self) -> bytes:
        """The CA certificate of all registries with TLS, in PEM."""
        return self._authority.cert_pem.bytes()

    @property
    def addresses(self) -> dict[str, tuple[str, int]]:
        """The addresses of the registries with TLS in the machine, by their name and port."""
        return {
            f"{registry.name}:{registry.port}": (registry.address, registry.port)
            for registry in self._registries
            if not registry.is_public
        }

    @property
    def environment(self) -> dict[str, str]:
        """The AWS endpoint and credentials of a process in the machine, in place of an instance profile."""
        return {
            "AWS_ENDPOINT_URL": f"http://{AWS_ADDRESS}:{AWS_PORT}",
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
        }

    def start(self) -> None:
        """Start it, and push the images.

        Raises:
            DockerUnavailableError: a Docker Engine cannot run here.
            SandboxError: a service does not start.
        """
        unavailable.check()
        self.machine.start()
        self._furnish()
        self.machine.serve(
            "aws",
            sys.executable, "-P", "-m", "sandbox.services.aws",
            "--port", str(AWS_PORT), "--address", AWS_ADDRESS,
            environment={"PYTHONPATH": str(CHECKOUT)},
            ready=lambda: self.machine.listens(AWS_ADDRESS, AWS_PORT),
        )  # fmt: skip
        for registry in self._registries:
            self.start_registry(registry)
        self._engine = DockerEngine.start(self.machine, f"http://{HUB.host}")
        self.identities = {
            image: self.engine.publish_tiny(image.address, image.credentials, CREATED)
            for image in self._images
        }

    def start_registry(self, registry: Registry) -> None:
        """Start or restart one of the registries."""
        registry.start(self.machine, self._authority)

    def stop(self) -> None:
        """Stop it; only its logs remain."""
        if self._engine is not None:
            self._engine.close()
        self.machine.stop()

    def _furnish(self) -> None:
        """Add the registries' host names and CA to the machine, and the programs of a runner host."""
        names = "".join(
            f"{registry.address} {registry.name}\n" for registry in self._registries if registry != HUB
        )
        self.machine.write("/etc/hosts", f"127.0.0.1 localhost\n{names}")
        self.machine.write("/etc/ssl/certs/ca-certificates.crt", self._authority.cert_pem.bytes().decode())
        for directory in ("/usr/local/bin", "/usr/bin"):
            for helper in self.machine.path(directory).glob("docker-credential-*"):
                helper.unlink()  # a runner host has only those that the stack installs
        self.machine.path("/root/.docker/config.json").unlink(missing_ok=True)
        helper = self.machine.path(ECR_LOGIN)
        helper.write_bytes(self._ecr_login.read_bytes())
        helper.chmod(0o755)
        self.machine.write("/usr/bin/aws", f'#!/bin/sh\nexec {sys.executable} -P -m awscli "$@"\n', 0o755)
