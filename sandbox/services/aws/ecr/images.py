"""Patches moto's images and their scans.

The digest of a pushed image is not that of its manifest. A repository goes on scanning what is pushed where a
new setting leaves out whether it does, whose default is that it does not:
docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanningConfiguration.html.
"""

import hashlib
from collections.abc import Callable
from typing import Any


def patch() -> None:
    """Change moto's classes in this process."""
    from moto.ecr import models

    backend: Any = models.ECRBackend
    backend.put_image = _with_its_digest(backend.put_image)
    backend.put_image_scanning_configuration = _without_scans(backend.put_image_scanning_configuration)


def _without_scans(original: Callable[..., Any]) -> Callable[..., Any]:
    """As ``original``, with the default of what is left out."""

    def put(backend: Any, registry_id: str, repository_name: str, image_scan_config: dict[str, Any]) -> Any:
        return original(backend, registry_id, repository_name, {"scanOnPush": False, **image_scan_config})

    return put


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
