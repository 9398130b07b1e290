"""The time to mirror 20 images, compared with `skopeo copy` called for each; and to compare existing copies.

Between two of Debian's docker-registry on loopback, without TLS and password, always into an empty one. The
images share no layer, the worst case, and each has two platforms: skopeo copies both. The library copies and
compares in a separate process, whose start is included.
"""

import gzip
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx

from bench.measure import Measure, program, timed
from sandbox.errors import SandboxError
from sandbox.paths import CHECKOUT
from tests.registry.loopback_registry import INDEX, WITHOUT_TLS, push_index, serving

IMAGES = 20
LAYERS = (4_000_000, 1_000_000, 100_000)
"""The sizes of the layers of each platform, in bytes."""
RUNS = 3
PLATFORMS = ("linux/amd64", "linux/arm64")
MIRROR = [sys.executable, "-P", "-m", "bench.mirror_images"]


@dataclass(frozen=True)
class Source:
    """A registry with the images, and their digests."""

    host: str
    digests: list[str]


def ratio() -> float:
    """The median ratio of alternating runs.

    Raises:
        SandboxError: a program is not installed, or one of them did not copy every image.
    """
    skopeo = program("skopeo", "skopeo")
    with _source() as (directory, source):
        ratios = []
        for run in range(RUNS):
            with serving(directory / f"skopeo-{run}") as target:
                theirs = _skopeo(directory, skopeo, source, target)
                _check(source, target)
            with serving(directory / f"ours-{run}") as target:
                ours = _mirror(directory, source, target)
                _check(source, target)
            ratios.append(theirs / ours)
        return median(ratios)


def unchanged() -> float:
    """The median time to check and compare 20 existing images with their source tags.

    Raises:
        SandboxError: docker-registry is not installed.
    """
    with _source() as (directory, source), serving(directory / "target") as target:
        _mirror(directory, source, target)
        return median(_mirror(directory, source, target, "compare") for _ in range(RUNS))


@contextmanager
def _source() -> Iterator[tuple[Path, Source]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        directory = Path(place)
        with (
            serving(directory / "source") as host,
            httpx.Client(base_url=f"http://{host}", verify=WITHOUT_TLS, timeout=60) as client,
        ):
            numbers = random.Random(1)  # noqa: S311 - the same images every time
            digests = [
                push_index(
                    client,
                    f"library/image-{number}",
                    "1",
                    {
                        each: [gzip.compress(numbers.randbytes(size), 1) for size in LAYERS]
                        for each in PLATFORMS
                    },
                )["digest"]
                for number in range(IMAGES)
            ]
            yield directory, Source(host, digests)


def _skopeo(directory: Path, skopeo: str, source: Source, target: str) -> float:
    """The time of skopeo for all images, one after the other, in seconds."""
    options = ["--all", "--preserve-digests", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false"]
    return sum(
        timed(
            [
                skopeo, "copy", *options,
                f"docker://{source.host}/library/image-{number}:1", f"docker://{target}/mirror/image-{number}:1",
            ],
            directory,
            os.environ,
        ).seconds
        for number in range(IMAGES)
    )  # fmt: skip


def _mirror(directory: Path, source: Source, target: str, what: str = "copy") -> float:
    """The time of the library's provider for all images with its start, in seconds."""
    inputs = [
        {
            "source": f"{source.host}/library/image-{number}:1",
            "digest": digest,
            "target": f"{target}/mirror/image-{number}:1",
        }
        for number, digest in enumerate(source.digests)
    ]
    modules = {"PYTHONPATH": f"{CHECKOUT}:{CHECKOUT}/components"}
    return timed([*MIRROR, what, json.dumps(inputs)], directory, os.environ | modules).seconds


def _check(source: Source, target: str) -> None:
    with httpx.Client(base_url=f"http://{target}", verify=WITHOUT_TLS) as client:
        for number, digest in enumerate(source.digests):
            answer = client.head(f"/v2/mirror/image-{number}/manifests/1", headers={"Accept": INDEX})
            if answer.headers.get("docker-content-digest") != digest:
                raise SandboxError(f"image {number} was not copied")


def copy(images: list[dict[str, str]]) -> None:
    """Copy images as the provider does."""
    from pulumi_gitlab_runner.images.reference import parse
    from pulumi_gitlab_runner.registry.client import RegistryClient
    from pulumi_gitlab_runner.registry.copy import Copy, ImageCopier
    from pulumi_gitlab_runner.registry.repository import Repository

    with RegistryClient() as client, closing(ImageCopier()) as copier, ThreadPoolExecutor(IMAGES) as threads:

        def one(image: dict[str, str]) -> None:
            source, target = parse(image["source"]), parse(image["target"])
            origin = Repository(client.connection(source.registry), source.repository)
            destination = Repository(client.connection(target.registry), target.repository)
            copier.copy(Copy(origin, image["digest"], destination, "1"))

        list(threads.map(one, images))


def compare(images: list[dict[str, str]]) -> None:
    """Check and compare existing images, as the engine does through the provider."""
    from pulumi_gitlab_runner.mirror.provider import MirroredImages

    with closing(MirroredImages()) as mirrored, ThreadPoolExecutor(IMAGES) as threads:

        def one(image: dict[str, str]) -> None:
            accepted = mirrored.accepted_digest(image, image, print)
            found = mirrored.difference(image, mirrored.outputs(image), image | {"digest": accepted})
            if found.changed:
                raise SandboxError(f"{image['source']} has changed")

        list(threads.map(one, images))


MIRROR_20_RATIO = Measure(
    "mirror_20_ratio",
    "ratio",
    f"skopeo copy for each of {IMAGES} images over copying them here, median of {RUNS} pairs",
    ratio,
)
MIRROR_UNCHANGED = Measure(
    "mirror_unchanged_s",
    "s",
    f"check and diff of {IMAGES} mirrored images by their provider, its start included, median of {RUNS}",
    unchanged,
)


if __name__ == "__main__":
    {"copy": copy, "compare": compare}[sys.argv[1]](json.loads(sys.argv[2]))
