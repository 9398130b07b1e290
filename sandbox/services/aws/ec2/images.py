"""Patches moto's images, of which it creates over a thousand for each region at start: loads them lazily.

Each has a volume and a snapshot.
"""

import threading
from typing import Any


def patch() -> None:
    """Patch moto's classes in this process."""
    from moto.ec2.models import amis

    backend_class: Any = amis.AmiBackend
    load = backend_class._load_amis
    loading = threading.RLock()

    def images(backend: Any) -> dict[str, Any]:
        with loading:
            if backend.__dict__.pop("images_to_load", False):
                load(backend)
        found: dict[str, Any] = backend.__dict__["images"]
        return found

    backend_class.amis = property(images, lambda backend, made: backend.__dict__.update(images=made))
    backend_class._load_amis = lambda backend: backend.__dict__.update(images_to_load=True)
