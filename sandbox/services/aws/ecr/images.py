"""Patches moto's images: the digest of a pushed image is not that of its manifest."""

import hashlib
from collections.abc import Callable
from typing import Any


def patch() -> None:
    """Change moto's classes in this process."""
    from moto.ecr import models

    backend: Any = models.ECRBackend
    backend.put_image = _with_its_digest(backend.put_image)


def _with_its_digest(original: Callable[..., Any]) -> Callable[..., Any]:
    def put_image(
        backend: Any,
        repository: str,
        manifest: str,
        tag: str,
        media_type: str | None = None,
        digest: str | None = None,
    ) -> Any:
        digest = digest or "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()
        return original(backend, repository, manifest, tag, media_type, digest)

    return put_image
