"""Patches moto's lifecycle hooks, which have no effect."""

from collections.abc import Callable
from typing import Any

from sandbox.services.aws.autoscaling.life import api_error, life_of
from sandbox.services.aws.autoscaling.requests import group_of
from sandbox.services.aws.autoscaling.simulation import Hook, Refused


def patch() -> None:
    """Patch moto's classes in this process."""
    from moto.autoscaling import models, responses

    actions: Any = responses.AutoScalingResponse
    backend: Any = models.AutoScalingBackend
    actions.put_lifecycle_hook = _put(actions.put_lifecycle_hook)
    actions.delete_lifecycle_hook = _delete
    actions.complete_lifecycle_action = _complete
    actions.record_lifecycle_action_heartbeat = _record_heartbeat
    backend.create_lifecycle_hook = _without_target(backend.create_lifecycle_hook)
    backend.delete_auto_scaling_group = _with_its_hooks(backend.delete_auto_scaling_group)


def _put(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def put(response: Any) -> Any:
        group, name = group_of(response), response._get_param("LifecycleHookName")
        answer = original(response)
        (hook,) = group.autoscaling_backend.describe_lifecycle_hooks(group.name, [name])
        hook.role_arn = response._get_param("RoleARN")
        hook.notification_target_arn = response._get_param("NotificationTargetARN")
        life_of(group).put_hook(
            Hook(name, hook.lifecycle_transition, int(hook.heartbeat_timeout), hook.default_result)
        )
        return answer

    return put


def _without_target(original: Callable[..., Any]) -> Callable[..., Any]:
    """Remove the queue and the role that moto adds to every hook."""

    def create(*arguments: Any, **named: Any) -> Any:
        hook = original(*arguments, **named)
        hook.role_arn = hook.notification_target_arn = None
        return hook

    return create


def _delete(response: Any) -> Any:
    from moto.core.responses import EmptyResult

    group, name = group_of(response), response._get_param("LifecycleHookName")
    _refusing(lambda: life_of(group).delete_hook(name))
    group.autoscaling_backend.delete_lifecycle_hook(group.name, name)
    return EmptyResult()


def _with_its_hooks(original: Callable[..., None]) -> Callable[..., None]:
    """End the lifecycle actions in progress with the group, and its instances."""

    def delete(backend: Any, name: str) -> None:
        group = backend.autoscaling_groups.get(name)
        if group:
            life_of(group).hooks.clear()
            for hook in backend.describe_lifecycle_hooks(name):
                backend.delete_lifecycle_hook(name, hook.name)
            for each in life_of(group).instances:
                each.waits.clear()
        original(backend, name)

    return delete


def _complete(response: Any) -> Any:
    from moto.core.responses import EmptyResult

    result = response._get_param("LifecycleActionResult")
    _refusing(lambda: life_of(group_of(response)).complete(*_action(response), result))
    return EmptyResult()


def _record_heartbeat(response: Any) -> Any:
    from moto.core.responses import EmptyResult

    _refusing(lambda: life_of(group_of(response)).heartbeat(*_action(response)))
    return EmptyResult()


def _action(response: Any) -> tuple[str, str | None, str | None]:
    """The hook, instance id and lifecycle action token in a request."""
    return (
        response._get_param("LifecycleHookName"),
        response._get_param("InstanceId"),
        response._get_param("LifecycleActionToken"),
    )


def _refusing(act: Callable[[], None]) -> None:
    try:
        act()
    except Refused as refused:
        raise api_error(refused) from refused
