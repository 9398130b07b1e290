"""Patches moto's images and their scans.

moto's digest of a pushed image is not that of its manifest. moto keeps the previous value of scanOnPush if a
new configuration leaves it out; AWS defaults to false:
docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanningConfiguration.html.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from moto.ecr.models import ECRBackend

from sandbox.services.aws.patching import around


@around(ECRBackend)
def put_image_scanning_configuration(
    original: Callable[..., Any],
    backend: Any,
    registry_id: str,
    repository_name: str,
    image_scan_config: dict[str, Any],
) -> Any:
    """Apply AWS's default of scanOnPush."""
    return original(backend, registry_id, repository_name, {"scanOnPush": False, **image_scan_config})


@around(ECRBackend)
def put_image(
    original: Callable[..., Any],
    backend: Any,
    repository: str,
    manifest: str,
    tag: str,
    media_type: str | None = None,
    digest: str | None = None,
) -> Any:
    """Add an image with the digest of its manifest."""
    digest = digest or "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()
    return original(backend, repository, manifest, tag, media_type, digest)
