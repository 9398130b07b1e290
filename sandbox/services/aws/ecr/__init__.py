"""Patches moto's Elastic Container Registry, one module for each concept."""

from typing import Any

from sandbox.services.aws.ecr import creation_templates, images, pull_through_cache, registry


def patch() -> None:
    """Patch moto's classes in this process; idempotent."""
    from moto.ecr import responses

    actions: Any = responses.ECRResponse
    if hasattr(actions, "create_pull_through_cache_rule"):
        return
    images.patch()
    pull_through_cache.patch()
    creation_templates.patch()
    registry.patch()
