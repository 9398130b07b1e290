"""A registry as Debian's docker-registry serves it, on a free port of this machine, and images to push to it.

A temporary registry for tests and measurements, without TLS, passwords and root.
"""

import hashlib
import json
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from sandbox.errors import SandboxError

ADDRESS = "127.0.0.1"
WITHOUT_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of these registries: the system's CAs, which take a while to read, stay unread."""
START_TIMEOUT_S = 30.0
POLL_INTERVAL_S = 0.05

IMAGE = "application/vnd.oci.image.manifest.v1+json"
CONFIGURATION = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
INDEX = "application/vnd.oci.image.index.v1+json"


@contextmanager
def serving(directory: Path, **settings: Any) -> Iterator[str]:
    """Run a registry until the block ends, and give its host and port.

    Args:
        directory: its storage; created if it does not exist.
        settings: further parts of its configuration, such as `auth`; or `http`, with an `addr` of its own.

    Raises:
        SandboxError: it is not installed, or does not start.
    """
    program = shutil.which("docker-registry")
    if program is None:
        raise SandboxError("not installed: docker-registry, which Debian has as docker-registry")
    directory.mkdir(parents=True, exist_ok=True)
    given: Any = settings.get("http")
    host = given["addr"] if given else _free_address()
    configuration: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {
            "filesystem": {"rootdirectory": str(directory / "images")},
            "delete": {"enabled": True},
        },
        "http": {"addr": host, "secret": "loopback"},
    }
    file, log = directory / "registry.yml", directory / "registry.log"
    file.write_text(json.dumps(configuration | settings))  # JSON is YAML
    with log.open("wb") as output:
        process = subprocess.Popen([program, "serve", str(file)], stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not _serves(host):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SandboxError(f"the registry does not start:\n{log.read_text(errors='replace')}")
            time.sleep(POLL_INTERVAL_S)
        yield host
    finally:
        process.terminate()
        process.wait()


def push_image(
    client: httpx.Client, repository: str, reference: str | None, layers: Sequence[bytes], platform: str
) -> dict[str, Any]:
    """Push an image; return what an index says of it.

    Args:
        client: its base address is the registry's.
        repository: such as ``team/app``.
        reference: its tag; None for an image that only an index names.
        layers: their contents; a registry does not look into them.
        platform: such as ``linux/amd64``.
    """
    system, _, architecture = platform.partition("/")
    contents = {
        "architecture": architecture,
        "os": system,
        "config": {"Labels": {"image": f"{repository}:{reference}"}},
        "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": _blob(client, repository, CONFIGURATION, json.dumps(contents).encode()),
        "layers": [_blob(client, repository, LAYER, layer) for layer in layers],
    }
    described = push_manifest(client, repository, reference, manifest)
    return described | {"platform": {"os": system, "architecture": architecture}}


def push_index(
    client: httpx.Client, repository: str, tag: str, images: Mapping[str, Sequence[bytes]]
) -> dict[str, Any]:
    """Push an image for several platforms, with the layers of each; return what an index would say of it."""
    children = [push_image(client, repository, None, layers, each) for each, layers in images.items()]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": children}
    return push_manifest(client, repository, tag, index)


def push_manifest(
    client: httpx.Client, repository: str, reference: str | None, manifest: Mapping[str, Any]
) -> dict[str, Any]:
    """Push a manifest whose parts are there; return what an index says of it."""
    content = json.dumps(manifest).encode()
    found = digest(content)
    client.put(
        f"/v2/{repository}/manifests/{reference or found}",
        content=content,
        headers={"Content-Type": manifest["mediaType"]},
    ).raise_for_status()
    return {"mediaType": manifest["mediaType"], "size": len(content), "digest": found}


def digest(content: bytes) -> str:
    """The digest of a content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _blob(client: httpx.Client, repository: str, media_type: str, content: bytes) -> dict[str, Any]:
    found = digest(content)
    begun = client.post(f"/v2/{repository}/blobs/uploads/").raise_for_status().headers["location"]
    client.put(httpx.URL(begun).copy_add_param("digest", found), content=content).raise_for_status()
    return {"mediaType": media_type, "size": len(content), "digest": found}


def _free_address() -> str:
    with socket.create_server((ADDRESS, 0)) as probe:
        return f"{ADDRESS}:{probe.getsockname()[1]}"


def _serves(host: str) -> bool:
    """Whether it answers; one with TLS says to a question without it that it is a bad one."""
    try:
        return httpx.get(f"http://{host}/v2/", verify=WITHOUT_TLS).status_code in (
            httpx.codes.OK,
            httpx.codes.UNAUTHORIZED,
            httpx.codes.BAD_REQUEST,
        )
    except httpx.TransportError:
        return False
