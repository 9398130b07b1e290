"""A registry, Debian's docker-registry, on a free port of this machine, and functions to push images to it.

A temporary registry for tests and measurements, without TLS and passwords; it does not need root.
"""

import hashlib
import json
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from sandbox.errors import SandboxError
from sandbox.services.process import free_port

ADDRESS = "127.0.0.1"
WITHOUT_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""The TLS context of clients of these registries: without the system's CAs, which are slow to load."""
START_TIMEOUT_S = 30.0
POLL_INTERVAL_S = 0.05

IMAGE = "application/vnd.oci.image.manifest.v1+json"
CONFIGURATION = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
INDEX = "application/vnd.oci.image.index.v1+json"


@contextmanager
def serving(directory: Path, **settings: Any) -> Iterator[str]:
    """Run a registry until the context ends; yield its host and port.

    Args:
        directory: the directory of its storage; created if it does not exist.
        settings: further sections of its configuration, such as `auth`, or `http` with another `addr`.

    Raises:
        SandboxError: docker-registry is not installed, or does not start.
    """
    program = shutil.which("docker-registry")
    if program is None:
        raise SandboxError("not installed: docker-registry, which Debian has as docker-registry")
    directory.mkdir(parents=True, exist_ok=True)
    given: Any = settings.get("http")
    host = given["addr"] if given else f"{ADDRESS}:{free_port()}"
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
    """Push an image; return its descriptor, as in an index.

    Args:
        client: a client with the registry as its base URL.
        repository: the repository, such as ``team/app``.
        reference: the tag; None for an image that is only part of an index.
        layers: the contents of the layers, which a registry does not parse.
        platform: the platform, such as ``linux/amd64``.
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
    """Push a multi-platform image, with the layers of each platform; return its descriptor."""
    children = [push_image(client, repository, None, layers, each) for each, layers in images.items()]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": children}
    return push_manifest(client, repository, tag, index)


def push_manifest(
    client: httpx.Client, repository: str, reference: str | None, manifest: Mapping[str, Any]
) -> dict[str, Any]:
    """Push a manifest whose blobs are pushed already; return its descriptor."""
    content = json.dumps(manifest).encode()
    found = digest(content)
    client.put(
        f"/v2/{repository}/manifests/{reference or found}",
        content=content,
        headers={"Content-Type": manifest["mediaType"]},
    ).raise_for_status()
    return {"mediaType": manifest["mediaType"], "size": len(content), "digest": found}


def digest(content: bytes) -> str:
    """The digest of some content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _blob(client: httpx.Client, repository: str, media_type: str, content: bytes) -> dict[str, Any]:
    found = digest(content)
    begun = client.post(f"/v2/{repository}/blobs/uploads/").raise_for_status().headers["location"]
    client.put(httpx.URL(begun).copy_add_param("digest", found), content=content).raise_for_status()
    return {"mediaType": media_type, "size": len(content), "digest": found}


def _serves(host: str) -> bool:
    """Whether the registry responds; with TLS, its response to plain HTTP is 400 Bad Request."""
    try:
        return httpx.get(f"http://{host}/v2/", verify=WITHOUT_TLS).status_code in (
            httpx.codes.OK,
            httpx.codes.UNAUTHORIZED,
            httpx.codes.BAD_REQUEST,
        )
    except httpx.TransportError:
        return False
