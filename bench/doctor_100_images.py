"""How long the doctor takes for a pipeline with 100 images, against `skopeo inspect` called for each.

Both ask the same registry: Debian's docker-registry on loopback, without TLS and password. skopeo is told
not to list tags, which the doctor does not do either; it reads each image's configuration besides.
"""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from bench.measure import Measure, timed
from sandbox.errors import SandboxError
from sandbox.paths import CHECKOUT

IMAGES = 100
RUNS = 3
ADDRESS = "127.0.0.1"
START_TIMEOUT_S = 30.0
POLL_INTERVAL_S = 0.05
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIGURATION = "application/vnd.docker.container.image.v1+json"


def take() -> float:
    """The median ratio of runs that are taken alternately.

    Raises:
        SandboxError: a program is not installed, or one of them did not find every image.
    """
    skopeo, server = _program("skopeo", "skopeo"), _program("docker-registry", "docker-registry")
    with tempfile.TemporaryDirectory(prefix="bench-") as place, _registry(server, Path(place)) as registry:
        directory = Path(place)
        images = [f"{registry}/team/image-{number}:1" for number in range(IMAGES)]
        with httpx.Client(base_url=f"http://{registry}") as client:
            for image in images:
                _push(client, image)
        pipeline = directory / ".gitlab-ci.yml"
        jobs = {f"job-{number}": {"image": image, "script": ["true"]} for number, image in enumerate(images)}
        pipeline.write_text(json.dumps(jobs))  # JSON is YAML
        _doctor(directory, pipeline)  # not counted: it compiles its modules
        return median(_skopeo(directory, skopeo, images) / _doctor(directory, pipeline) for _ in range(RUNS))


def _skopeo(directory: Path, skopeo: str, images: list[str]) -> float:
    """How long skopeo takes for all images, one after the other, in seconds."""
    options = ["--no-tags", "--tls-verify=false"]
    return sum(
        timed([skopeo, "inspect", *options, f"docker://{image}"], directory, os.environ).seconds
        for image in images
    )


def _doctor(directory: Path, pipeline: Path) -> float:
    """How long the doctor takes for all images, in seconds."""
    command = [sys.executable, "-P", "-m", "pulumi_gitlab_runner.doctor.command_line"]
    asked = [*command, "job", str(pipeline), "--hosted", "--json"]
    answer = timed(asked, directory, os.environ | {"PYTHONPATH": f"{CHECKOUT}/components"})
    outcomes = [image["registry"]["outcome"] for image in json.loads(answer.output)["images"]]
    if outcomes != ["found"] * IMAGES:
        raise SandboxError(f"the doctor found {outcomes.count('found')} of {IMAGES} images")
    return answer.seconds


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SandboxError(f"not installed: {name}, which Debian has as {package}")
    return found


@contextmanager
def _registry(server: str, directory: Path) -> Iterator[str]:
    """Run a registry on a free port, and give its host and port."""
    with socket.create_server((ADDRESS, 0)) as probe:
        host = f"{ADDRESS}:{probe.getsockname()[1]}"
    settings = {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(directory / "images")}},
        "http": {"addr": host, "secret": "bench"},
    }
    file, log = directory / "registry.yml", directory / "registry.log"
    file.write_text(json.dumps(settings))  # JSON is YAML
    with log.open("wb") as output:
        process = subprocess.Popen([server, "serve", str(file)], stdout=output, stderr=output)
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


def _serves(host: str) -> bool:
    try:
        return httpx.get(f"http://{host}/v2/").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _push(client: httpx.Client, image: str) -> None:
    """Push an image without layers, whose configuration no other has."""
    repository, _, tag = image.partition("/")[2].partition(":")
    configuration = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Labels": {"image": image}},
        "rootfs": {"type": "layers", "diff_ids": []},
    }
    content = json.dumps(configuration).encode()
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    upload = client.post(f"/v2/{repository}/blobs/uploads/").raise_for_status().headers["location"]
    client.put(httpx.URL(upload).copy_add_param("digest", digest), content=content).raise_for_status()
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIGURATION, "size": len(content), "digest": digest},
        "layers": [],
    }
    client.put(
        f"/v2/{repository}/manifests/{tag}", json=manifest, headers={"Content-Type": MANIFEST}
    ).raise_for_status()


DOCTOR_100_IMAGES_RATIO = Measure(
    "doctor_100_images_ratio",
    "ratio",
    f"skopeo inspect for each of {IMAGES} images over one runner-doctor job, median of {RUNS} pairs",
    take,
)
