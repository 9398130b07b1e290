"""Patches moto's images, of which it creates over a thousand for each region at start: loads them lazily.

Each has a volume and a snapshot.
"""

import threading
from collections.abc import Callable
from typing import Any

from moto.ec2.models.amis import AmiBackend

from sandbox.services.aws.patching import method_of

_load: Callable[[Any], None] = AmiBackend._load_amis
_loading = threading.RLock()


@method_of(AmiBackend)
def _load_amis(backend: Any) -> None:
    backend.__dict__.update(images_to_load=True)


def _images(backend: Any) -> dict[str, Any]:
    with _loading:
        if backend.__dict__.pop("images_to_load", False):
            _load(backend)
    found: dict[str, Any] = backend.__dict__["images"]
    return found


_backend: Any = AmiBackend
_backend.amis = property(_images, lambda backend, made: backend.__dict__.update(images=made))
