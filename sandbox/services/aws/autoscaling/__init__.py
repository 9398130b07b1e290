"""Patches moto's Auto Scaling, one module for each concept."""

from typing import Any

from sandbox.services.aws.autoscaling import (
    groups,
    instance_refresh,
    life,
    lifecycle_hooks,
)


def patch() -> None:
    """Patch moto's classes in this process; idempotent."""
    from moto.autoscaling import responses

    actions: Any = responses.AutoScalingResponse
    if hasattr(actions, "start_instance_refresh"):
        return
    groups.patch()
    life.patch()
    lifecycle_hooks.patch()
    instance_refresh.patch()
