"""The doctor's time for a pipeline with 100 images, compared with skopeo or crane called for each image.

Both use the same registry: Debian's docker-registry on loopback, without TLS and password, or one with TLS,
tokens and a round trip of 20 ms. skopeo runs without listing tags, like the doctor; it also reads the
configuration of each image.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx

from bench.measure import Measure, program, timed
from bench.private_registry import PASSWORD, USERNAME, PrivateRegistry, private_registry
from sandbox.errors import SandboxError
from sandbox.paths import CHECKOUT
from tests.registry.loopback_registry import push_image, serving

IMAGES = 100
RUNS = 3
AT_ONCE = 16
CRANE = "go install github.com/google/go-containerregistry/cmd/crane@v0.20.6"

Command = Callable[[str], Sequence[str]]
"""Returns the command for an image."""


def take() -> float:
    """The median ratio of alternating runs.

    Raises:
        SandboxError: a program is not installed, or one of them did not find every image.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as place, serving(Path(place)) as registry:
        directory = Path(place)
        images = [f"{registry}/team/image-{number}:1" for number in range(IMAGES)]
        with httpx.Client(base_url=f"http://{registry}") as client:
            for image in images:
                repository, _, tag = image.partition("/")[2].partition(":")
                push_image(client, repository, tag, [], "linux/amd64")
        return _ratio(directory, images, os.environ, _skopeo("--tls-verify=false"), [], at_once=1)


def take_far() -> float:
    """As `take`, with a private registry and a round trip of 20 ms."""
    with _far() as (directory, registry):
        return _far_ratio(directory, registry, _skopeo(*_CREDENTIALS), at_once=1)


def take_parallel() -> float:
    """As `take_far`, with `AT_ONCE` concurrent skopeo processes."""
    with _far() as (directory, registry):
        return _far_ratio(directory, registry, _skopeo(*_CREDENTIALS), at_once=AT_ONCE)


def take_parallel_crane() -> float:
    """As `take_far`, with `AT_ONCE` concurrent crane processes, which request only the digest.

    Raises:
        SandboxError: also if crane is not installed.
    """
    crane = shutil.which("crane")
    if crane is None:
        raise SandboxError(f"not installed: crane, which Go makes: {CRANE}")
    with _far() as (directory, registry):
        host = registry.images[0].partition("/")[0]
        login = [crane, "auth", "login", host, "--username", USERNAME, "--password", PASSWORD]
        timed(login, directory, {**registry.environment, "DOCKER_CONFIG": str(directory)})
        return _far_ratio(directory, registry, lambda image: [crane, "digest", image], at_once=AT_ONCE)


_CREDENTIALS = ("--creds", f"{USERNAME}:{PASSWORD}")


@contextmanager
def _far() -> Iterator[tuple[Path, PrivateRegistry]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        directory = Path(place)
        with private_registry(directory, IMAGES) as registry:
            yield directory, registry


def _far_ratio(directory: Path, registry: PrivateRegistry, command: Command, at_once: int) -> float:
    host = registry.images[0].partition("/")[0]
    config = json.dumps({"auths": {host: {"username": USERNAME, "password": PASSWORD}}})
    return _ratio(
        directory,
        registry.images,
        {**registry.environment, "DOCKER_CONFIG": str(directory)},
        command,
        ["--docker-auth-config", config],
        at_once=at_once,
    )


def _skopeo(*options: str) -> Command:
    skopeo = program("skopeo", "skopeo")
    return lambda image: [skopeo, "inspect", "--no-tags", *options, f"docker://{image}"]


def _ratio(
    directory: Path,
    images: Sequence[str],
    environment: Mapping[str, str],
    command: Command,
    doctor_options: Sequence[str],
    *,
    at_once: int,
) -> float:
    pipeline = directory / ".gitlab-ci.yml"
    jobs = {f"job-{number}": {"image": image, "script": ["true"]} for number, image in enumerate(images)}
    pipeline.write_text(json.dumps(jobs))  # JSON is YAML
    doctor = [sys.executable, "-P", "-m", "pulumi_gitlab_runner.doctor.command_line", "job", str(pipeline)]
    doctor += ["--hosted", "--json", *doctor_options]

    def by_doctor() -> float:
        answer = timed(doctor, directory, {**environment, "PYTHONPATH": f"{CHECKOUT}/components"})
        outcomes = [image["registry"]["outcome"] for image in json.loads(answer.output)["images"]]
        if outcomes != ["found"] * IMAGES:
            raise SandboxError(f"the doctor found {outcomes.count('found')} of {IMAGES} images")
        return answer.seconds

    def by_others() -> float:
        started = time.monotonic()
        with ThreadPoolExecutor(at_once) as threads:
            list(threads.map(lambda image: timed(command(image), directory, environment), images))
        return time.monotonic() - started

    by_doctor()  # not measured: it compiles its modules
    return median(by_others() / by_doctor() for _ in range(RUNS))


DOCTOR_100_IMAGES_RATIO = Measure(
    "doctor_100_images_ratio",
    "ratio",
    f"skopeo inspect for each of {IMAGES} images over one runner-doctor job, median of {RUNS} pairs",
    take,
)
DOCTOR_100_IMAGES_20MS_RATIO = Measure(
    "doctor_100_images_20ms_ratio",
    "ratio",
    "the same for a registry with TLS and tokens, a round trip of 20 ms away",
    take_far,
)
DOCTOR_PARALLEL_RATIO = Measure(
    "doctor_parallel_ratio",
    "ratio",
    f"the same, with {AT_ONCE} skopeos at a time",
    take_parallel,
)
DOCTOR_PARALLEL_CRANE_RATIO = Measure(
    "doctor_parallel_crane_ratio",
    "ratio",
    f"the same, with crane digest, {AT_ONCE} at a time",
    take_parallel_crane,
)
