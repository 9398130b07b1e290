"""Image manifests (the OCI image specification 1.1, and Docker's schema 2)."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pulumi_gitlab_runner.http.bounded_json import read_json

INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
"""The media types of image indexes, for several platforms."""
IMAGE_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
MANIFEST_TYPES = (*INDEX_TYPES, *IMAGE_TYPES)

DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")

LARGEST_MANIFEST = 4 * 1024 * 1024
"""The size in bytes that registries should accept (OCI distribution specification); few accept more."""
LARGEST_BLOB = 2**40

_ELSEWHERE = (".foreign.", ".nondistributable.")
"""Parts of the media types of foreign layers, which are not downloaded from the registry."""
_UNKNOWN_PLATFORM = "unknown/unknown"
"""The platform of attestations in an index."""


class InvalidManifestError(ValueError):
    """The text is not an image manifest; the message says why."""


@dataclass(frozen=True)
class Descriptor:
    """A descriptor in a manifest: the digest of its content, and the size in bytes."""

    digest: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """A manifest as its registry stores it.

    Attributes:
        digest: its digest.
        content: its bytes.
        media_type: its media type.
        children: the manifests that an index references.
        blobs: the configuration and the layers of an image.
        platforms: the platforms of an index, such as ``linux/amd64`` and ``linux/arm/v7``.
    """

    digest: str
    content: bytes
    media_type: str
    children: tuple[Descriptor, ...] = ()
    blobs: tuple[Descriptor, ...] = ()
    platforms: tuple[str, ...] = ()

    @property
    def is_index(self) -> bool:
        """Whether the manifest is an index, for several platforms."""
        return self.media_type in INDEX_TYPES

    @property
    def configuration(self) -> Descriptor:
        """The configuration of an image, which is the first of its blobs."""
        return self.blobs[0]


def parse_manifest(digest: str, content: bytes, media_type: str) -> Manifest:
    """The parsed manifest.

    Args:
        digest: the digest of the content, already verified.
        content: the bytes of the manifest.
        media_type: the media type of the response; a `mediaType` in the manifest takes precedence.

    Raises:
        InvalidManifestError: the content is not a manifest, or has a media type that cannot be copied.
    """
    try:
        read = read_json(content)
        media_type = read.get("mediaType", media_type)
        if media_type in INDEX_TYPES:
            children = tuple(_descriptor(each) for each in read["manifests"])
            platforms = tuple(_platforms(read["manifests"]))
            return Manifest(digest, content, media_type, children=children, platforms=platforms)
        if media_type in IMAGE_TYPES:
            layers = [
                each for each in read["layers"] if not any(part in each["mediaType"] for part in _ELSEWHERE)
            ]
            blobs = dict.fromkeys(map(_descriptor, [read["config"], *layers]))
            return Manifest(digest, content, media_type, blobs=tuple(blobs))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise InvalidManifestError("its manifest cannot be read") from None
    raise InvalidManifestError(f"its manifest has the media type {media_type!r}, which cannot be copied")


def platform_of(described: Any) -> str:
    """A platform as text: ``OS/ARCHITECTURE[/VARIANT]``."""
    parts = [described.get(key) for key in ("os", "architecture", "variant")]
    return "/".join(part for part in parts if part)


def digest_of(content: bytes, like: str) -> str:
    """The digest of a content, with the algorithm of another digest."""
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
