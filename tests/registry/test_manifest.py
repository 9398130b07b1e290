"""Reading manifests: OCI image specification 1.1 (manifest, image index), Docker's schema 2."""

import hashlib
import json
from contextlib import closing
from typing import Any

import pytest
from pulumi_gitlab_runner.registry.challenge import Challenge, read_challenge
from pulumi_gitlab_runner.registry.connection import Connection
from pulumi_gitlab_runner.registry.manifest import (
    Descriptor,
    InvalidManifestError,
    Manifest,
    digest_of,
    parse_manifest,
    platform_of,
)
from pulumi_gitlab_runner.registry.repository import Repository
from pulumi_gitlab_runner.registry.transfer import TransferError

from tests.http.server import answer, serving

OCI, DOCKER = "application/vnd.oci.image", "application/vnd.docker.distribution"
INDEXES = (f"{OCI}.index.v1+json", f"{DOCKER}.manifest.list.v2+json")
IMAGES = (f"{OCI}.manifest.v1+json", f"{DOCKER}.manifest.v2+json")
LAYER = f"{OCI}.layer.v1.tar+gzip"


def digest(letter: str) -> str:
    return f"sha256:{letter * 64}"


def described(letter: str, size: Any = 1, **more: Any) -> dict[str, Any]:
    return {"digest": digest(letter), "size": size, "mediaType": LAYER, **more}


def read(content: Any, media_type: str = "") -> Manifest:
    return parse_manifest(digest("0"), json.dumps(content).encode(), media_type)


@pytest.mark.parametrize("kind", IMAGES)
def test_an_image(kind: str) -> None:
    """The configuration comes first, a repeated part counts once, and foreign layers are left out."""
    layers = [described("b", 7), described("b", 7), described("c", 0)]
    foreign = [
        described("d", mediaType=f"application/x.{each}.tar") for each in ("foreign", "nondistributable")
    ]
    content = {"config": described("a", 5), "layers": [*layers, *foreign]}
    found = read(content, kind)
    assert found == Manifest(
        digest("0"),
        json.dumps(content).encode(),
        kind,
        blobs=(Descriptor(digest("a"), 5), Descriptor(digest("b"), 7), Descriptor(digest("c"), 0)),
    )
    assert (found.is_index, found.configuration) == (False, Descriptor(digest("a"), 5))


@pytest.mark.parametrize("kind", INDEXES)
def test_an_index(kind: str) -> None:
    """The manifest's own type overrides that of the answer; attestations have no platform."""
    platforms: list[dict[str, Any]] = [
        {"os": "linux", "architecture": "amd64"},
        {"os": "linux", "architecture": "arm", "variant": "v7"},
        {"os": "unknown", "architecture": "unknown"},
        {},
    ]
    children = [described(letter, platform=each) for letter, each in zip("abcd", platforms, strict=True)]
    found = read({"mediaType": kind, "manifests": [*children, described("e", 2)]}, IMAGES[0])
    assert (found.media_type, found.is_index) == (kind, True)
    assert found.platforms == ("linux/amd64", "linux/arm/v7")
    assert [each.digest[-1] for each in found.children] == list("abcde")
    assert found.blobs == ()


@pytest.mark.parametrize(
    ("size", "accepted"),
    [(0, True), (2**40, True), (2**40 + 1, False), (-1, False), ("1", False), (1.5, False)],
)
def test_the_size_of_a_part(size: Any, accepted: bool) -> None:
    content = {"config": described("a", size), "layers": []}
    if accepted:
        assert read(content, IMAGES[0]).configuration.size == size
    else:
        with pytest.raises(InvalidManifestError, match=r"^its manifest cannot be read$"):
            read(content, IMAGES[0])


@pytest.mark.parametrize(
    "algorithm_and_digits",
    ["sha256:" + "A" * 64, "sha256:" + "0" * 63, "sha512:" + "0" * 64, "md5:" + "0" * 32],
)
def test_an_invalid_digest_is_refused(algorithm_and_digits: str) -> None:
    part = {"digest": algorithm_and_digits, "size": 1}
    with pytest.raises(InvalidManifestError):
        read({"config": part, "layers": []}, IMAGES[0])


def test_a_kind_that_is_not_copied() -> None:
    with pytest.raises(
        InvalidManifestError, match=r"^its manifest has the media type 'text/html', which cannot be copied$"
    ):
        read({}, "text/html")


def test_a_digest_uses_the_algorithm_of_another() -> None:
    assert digest_of(b"x", "sha256:0") == f"sha256:{hashlib.sha256(b'x').hexdigest()}"
    assert digest_of(b"x", "sha512:0") == f"sha512:{hashlib.sha512(b'x').hexdigest()}"
    assert platform_of({"os": "windows", "architecture": "amd64", "variant": ""}) == "windows/amd64"


@pytest.mark.parametrize(("length", "accepted"), [(4096, True), (4097, False)])
def test_a_challenge_that_is_too_long_is_ignored(length: int, accepted: bool) -> None:
    header = 'Bearer realm="https://a",service="' + "x" * (length - 35) + '"'
    assert len(header) == length
    found = read_challenge([header, "Basic"])
    assert found == (
        Challenge("bearer", "https://a", "x" * (length - 35)) if accepted else Challenge("basic")
    )


@pytest.mark.parametrize(("size", "accepted"), [(4 * 1024 * 1024, True), (4 * 1024 * 1024 + 1, False)])
def test_a_manifest_may_be_as_large_as_registries_accept(size: int, accepted: bool) -> None:
    """OCI distribution specification 1.1, "Pushing Manifests": 4 megabytes."""
    start = json.dumps({"config": described("a"), "layers": []})[:-1] + ', "x": "'
    content = f'{start}{"x" * (size - len(start) - 2)}"}}'.encode()
    assert len(content) == size
    answers = answer(200), answer(200, content, Content_Type=IMAGES[0])
    with serving(*answers) as script, closing(Connection(script.host, None, 5)) as connection:
        repository = Repository(connection, "team/app")
        if accepted:
            assert repository.manifest(digest_of(content, "sha256:")).content == content
        else:
            with pytest.raises(TransferError, match="sends more than 4 MiB"):
                repository.manifest(digest_of(content, "sha256:"))
