"""Patches moto's EC2, one module for each concept."""

from typing import Any

from sandbox.services.aws.ec2 import images, launch_templates, network, security_groups


def patch() -> None:
    """Patch moto's classes in this process; idempotent."""
    from moto.ec2.models import EC2Backend

    backend: Any = EC2Backend
    if hasattr(backend, "patched"):
        return
    images.patch()
    launch_templates.patch()
    network.patch()
    security_groups.patch()
    backend.patched = True
