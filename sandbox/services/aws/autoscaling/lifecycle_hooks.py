"""Patches moto's lifecycle hooks, which have no effect."""

from collections.abc import Callable
from typing import Any

from moto.autoscaling.models import AutoScalingBackend
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import EmptyResult

from sandbox.services.aws.autoscaling.life import life_of
from sandbox.services.aws.autoscaling.requests import api_errors, group_of
from sandbox.services.aws.autoscaling.simulation import Hook
from sandbox.services.aws.patching import around, method_of


@around(AutoScalingResponse)
def put_lifecycle_hook(original: Callable[[Any], Any], response: Any) -> Any:
    """Add the hook to the simulation too."""
    group, name = group_of(response), response._get_param("LifecycleHookName")
    answer = original(response)
    (hook,) = group.autoscaling_backend.describe_lifecycle_hooks(group.name, [name])
    hook.role_arn = response._get_param("RoleARN")
    hook.notification_target_arn = response._get_param("NotificationTargetARN")
    life_of(group).put_hook(
        Hook(name, hook.lifecycle_transition, int(hook.heartbeat_timeout), hook.default_result)
    )
    return answer


@around(AutoScalingBackend)
def create_lifecycle_hook(original: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Remove the queue and the role that moto adds to every hook."""
    hook = original(*arguments, **named)
    hook.role_arn = hook.notification_target_arn = None
    return hook


@method_of(AutoScalingResponse)
def delete_lifecycle_hook(response: Any) -> EmptyResult:
    """Delete a hook, and end the actions that wait for it."""
    group, name = group_of(response), response._get_param("LifecycleHookName")
    with api_errors():
        life_of(group).delete_hook(name)
    group.autoscaling_backend.delete_lifecycle_hook(group.name, name)
    return EmptyResult()


@around(AutoScalingBackend)
def delete_auto_scaling_group(original: Callable[..., None], backend: Any, name: str) -> None:
    """End the lifecycle actions in progress with the group, and its instances."""
    group = backend.autoscaling_groups.get(name)
    if group:
        life_of(group).hooks.clear()
        for hook in backend.describe_lifecycle_hooks(name):
            backend.delete_lifecycle_hook(name, hook.name)
        for each in life_of(group).instances:
            each.waits.clear()
    original(backend, name)


@method_of(AutoScalingResponse)
def complete_lifecycle_action(response: Any) -> EmptyResult:
    """End the wait of an instance."""
    result = response._get_param("LifecycleActionResult")
    with api_errors():
        life_of(group_of(response)).complete(*_action(response), result)
    return EmptyResult()


@method_of(AutoScalingResponse)
def record_lifecycle_action_heartbeat(response: Any) -> EmptyResult:
    """Extend the wait of an instance."""
    with api_errors():
        life_of(group_of(response)).heartbeat(*_action(response))
    return EmptyResult()


def _action(response: Any) -> tuple[str, str | None, str | None]:
    """The hook, instance id and lifecycle action token in a request."""
    return (
        response._get_param("LifecycleHookName"),
        response._get_param("InstanceId"),
        response._get_param("LifecycleActionToken"),
    )
