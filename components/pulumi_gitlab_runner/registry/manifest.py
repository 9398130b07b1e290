"""Image manifests (the OCI image specification 1.1, and Docker's schema 2)."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pulumi_gitlab_runner.http.bounded_json import read_json
from pulumi_gitlab_runner.registry.answer import INDEX_TYPES

IMAGE_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
MANIFEST_TYPES = (*INDEX_TYPES, *IMAGE_TYPES)

DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")

LARGEST_MANIFEST = 4 * 1024 * 1024
"""The size that the OCI distribution specification asks registries to accept; few accept more."""
LARGEST_BLOB = 2**40

_ELSEWHERE = (".foreign.", ".nondistributable.")
"""Parts of the media types of foreign layers, which are fetched from URLs of their own."""
_UNKNOWN_PLATFORM = "unknown/unknown"
"""Marks the attestations in an index."""


class InvalidManifestError(ValueError):
    """The text is not an image manifest; the message says why."""


@dataclass(frozen=True)
class Descriptor:
    """A part of a manifest: its digest and its size in bytes."""

    digest: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """A manifest as its registry stores it.

    Attributes:
        digest: of its bytes.
        content: these bytes.
        media_type: what it is.
        children: the manifests in an index.
        blobs: configuration and layers of an image.
        platforms: those of an index, as written in it: ``linux/amd64``, ``linux/arm/v7``.
    """

    digest: str
    content: bytes
    media_type: str
    children: tuple[Descriptor, ...] = ()
    blobs: tuple[Descriptor, ...] = ()
    platforms: tuple[str, ...] = ()

    @property
    def is_index(self) -> bool:
        """Whether it is for several platforms."""
        return self.media_type in INDEX_TYPES

    @property
    def configuration(self) -> Descriptor:
        """The configuration of an image, which is the first of its blobs."""
        return self.blobs[0]


def parse_manifest(digest: str, content: bytes, media_type: str) -> Manifest:
    """A manifest, read.

    Args:
        digest: of the content, already verified.
        content: its bytes.
        media_type: as the registry gives it; the manifest's own takes precedence.

    Raises:
        InvalidManifestError: it is not a manifest, or of a kind that cannot be copied.
    """
    try:
        read = read_json(content)
        media_type = read.get("mediaType", media_type)
        if media_type in INDEX_TYPES:
            children = tuple(_descriptor(each) for each in read["manifests"])
            platforms = tuple(_platforms(read["manifests"]))
            return Manifest(digest, content, media_type, children=children, platforms=platforms)
        if media_type in IMAGE_TYPES:
            layers = [each for each in read["layers"] if not _is_elsewhere(each)]
            blobs = dict.fromkeys(map(_descriptor, [read["config"], *layers]))
            return Manifest(digest, content, media_type, blobs=tuple(blobs))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise InvalidManifestError("its manifest cannot be read") from None
    raise InvalidManifestError(f"its manifest is of the kind {media_type!r}, which is not copied")


def platform_of(described: Any) -> str:
    """A platform as it is written: ``OS/ARCHITECTURE[/VARIANT]``."""
    parts = [described.get(key) for key in ("os", "architecture", "variant")]
    return "/".join(part for part in parts if part)


def digest_of(content: bytes, like: str) -> str:
    """The digest of a content, by the algorithm of another digest."""
    algorithm = like.partition(":")[0]
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def _descriptor(described: Any) -> Descriptor:
    digest = described["digest"]
    size = described["size"]
    if not DIGEST.fullmatch(digest) or not isinstance(size, int) or not 0 <= size <= LARGEST_BLOB:
        raise ValueError
    return Descriptor(digest, size)


def _platforms(children: Any) -> Iterator[str]:
    for child in children:
        platform = platform_of(child.get("platform") or {})
        if platform not in ("", _UNKNOWN_PLATFORM):
            yield platform


def _is_elsewhere(layer: Any) -> bool:
    return any(part in layer["mediaType"] for part in _ELSEWHERE)
