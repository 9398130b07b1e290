"""A Docker Engine in a `Machine`, and the API calls that tests need."""

import hashlib
import json
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path

import docker
from docker.errors import DockerException

from sandbox.docker.archive import PROGRAM, TEXT, archive
from sandbox.docker.machine import Machine
from sandbox.docker.registry import IDENTITY_TOKEN_USER, Credentials
from sandbox.docker.unavailable import DockerUnavailableError
from sandbox.errors import SandboxError

SOCKET = "/run/docker.sock"
ADDRESS_POOLS = [{"base": "10.200.0.0/24", "size": 27}]
"""Addresses for eight networks, so that a test can exhaust them; the engine's default network uses one."""
API_TIMEOUT_S = 30


class DockerEngine:
    """A running engine, and the client of its API."""

    def __init__(self, api: docker.APIClient) -> None:
        self.api = api

    @classmethod
    def start(cls, machine: Machine, mirror: str) -> "DockerEngine":
        """Start the engine of a machine; it stops with the machine.

        Args:
            machine: a running machine.
            mirror: the address of the registry mirror for Docker Hub's images.

        Raises:
            DockerUnavailableError: it does not start, for example because of missing privileges.
        """
        settings = {
            "hosts": [f"unix://{SOCKET}"],
            "registry-mirrors": [mirror],
            "default-address-pools": ADDRESS_POOLS,
        }
        machine.write("/etc/docker/daemon.json", json.dumps(settings))
        try:
            machine.serve("dockerd", "dockerd", ready=lambda: machine.listens_at(SOCKET))
            # It listens before it is ready; until then, requests wait.
            address = f"unix://{machine.path(SOCKET)}"
            return cls(docker.APIClient(address, version="auto", timeout=API_TIMEOUT_S))
        except (SandboxError, DockerException, OSError) as error:
            raise DockerUnavailableError(str(error)) from error

    def close(self) -> None:
        """Close the connections of the client."""
        self.api.close()

    def publish_tiny(self, image: str, credentials: Credentials | None, created: str = "") -> str:
        """Publish an image with a program that prints its version, and a file with the image's name.

        It is created now, and its digest differs each time, unless `created` fixes both.
        """
        if not created:
            return self.publish(image, credentials, _files(image), ['ENTRYPOINT ["/init", "--version"]'])
        identity, image_file = _image(image, _files(image), ["/init", "--version"], created)
        list(self.api.load_image(image_file))  # type: ignore[no-untyped-call]
        self._push(image, credentials)
        return identity

    def publish(
        self, image: str, credentials: Credentials | None, system: bytes, changes: Sequence[str] = ()
    ) -> str:
        """Import an image, push it to its registry, and remove it from the engine; return its id.

        Args:
            image: registry, repository and tag.
            credentials: the registry's credentials; None for anonymous access.
            system: its file system, as a tar archive.
            changes: Dockerfile instructions to apply.
        """
        identity = self.import_image(image, system, changes)
        self._push(image, credentials)
        return identity

    def _push(self, image: str, credentials: Credentials | None) -> None:
        """Push an image, and remove it from the engine."""
        repository, _, tag = image.rpartition(":")
        progress = list(
            self.api.push(repository, tag, stream=True, decode=True, auth_config=authorization(credentials))
        )
        if "error" in progress[-1]:
            raise SandboxError(f"{image} cannot be pushed: {progress[-1]['error']}")
        self.api.remove_image(image)

    def import_image(self, image: str, system: bytes, changes: Sequence[str] = ()) -> str:
        """Import a local image; return its id. Arguments as for `publish`."""
        repository, _, tag = image.rpartition(":")
        answer = json.loads(self.api.import_image_from_data(system, repository, tag, changes=list(changes)))
        identity: str = answer["status"]
        return identity


def authorization(credentials: Credentials | None) -> dict[str, str]:
    """Return the value of `X-Registry-Auth`; empty for anonymous access: None means the user's own config."""
    if credentials is None:
        return {}
    if credentials.username == IDENTITY_TOKEN_USER:
        return {"identitytoken": credentials.password}
    return {"username": credentials.username, "password": credentials.password}


def _image(name: str, system: bytes, entrypoint: Sequence[str], created: str) -> tuple[str, bytes]:
    """Return an image's id, and the image in the format of `docker load` (moby, image/spec/spec.md)."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}
    config = {
        "architecture": machine.get(platform.machine(), platform.machine()),
        "config": {"Entrypoint": list(entrypoint)},
        "created": created,
        "history": [{"created": created}],
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(system).hexdigest()}"]},
    }
    written = json.dumps(config, sort_keys=True).encode()
    identity = hashlib.sha256(written).hexdigest()
    manifest = [{"Config": f"{identity}.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    files = {
        f"{identity}.json": written,
        "layer.tar": system,
        "manifest.json": json.dumps(manifest).encode(),
    }
    return f"sha256:{identity}", archive({path: (data, TEXT) for path, data in files.items()})


def _files(name: str) -> bytes:
    """Return a file system with a program that prints its version, and a unique file."""
    init = shutil.which("docker-init")
    if init is None:
        raise SandboxError("not installed: docker-init, which comes with docker.io")
    return archive({"init": (Path(init).read_bytes(), PROGRAM), "name": (name.encode(), TEXT)})
