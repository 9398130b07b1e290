"""Patches moto's images and their scans.

moto's digest of a pushed image is not that of its manifest. moto keeps the previous value of scanOnPush if a
new configuration leaves it out; AWS defaults to false:
docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanningConfiguration.html.
"""

import hashlib
from collections.abc import Callable
from typing import Any


def patch() -> None:
    """Patch moto's classes in this process."""
    from moto.ecr import models

    backend: Any = models.ECRBackend
    backend.put_image = _with_its_digest(backend.put_image)
    backend.put_image_scanning_configuration = _without_scans(backend.put_image_scanning_configuration)


def _without_scans(original: Callable[..., Any]) -> Callable[..., Any]:
    """``original`` with AWS's default of scanOnPush."""

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
