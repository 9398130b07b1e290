"""Mends moto's lifecycle hooks, and gives them their effect.

moto shows another notification target than the one that was given, and does nothing with a hook. Here an
instance that leaves a group with hooks for that waits in ``Terminating:Wait`` until each hook is completed,
is deleted, or its time is up. Time is looked at when Auto Scaling is asked for something. Nothing boots here,
so a hook for the launch of an instance counts as completed at once.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sandbox.services.aws.autoscaling.requests import group_of, validation_error

_TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
_LONGEST_WAIT = 172800
"""In seconds; however often a heartbeat is recorded. It is also at most 100 times a hook's timeout."""


def mend() -> None:
    """Change moto's classes in this process."""
    from moto.autoscaling import models, responses

    actions: Any = responses.AutoScalingResponse
    backend: Any = models.AutoScalingBackend
    group: Any = models.FakeAutoScalingGroup
    actions.put_lifecycle_hook = _as_given(actions.put_lifecycle_hook)
    actions.delete_lifecycle_hook = _delete_hook
    actions.complete_lifecycle_action = _complete
    actions.record_lifecycle_action_heartbeat = _record_heartbeat
    backend.__init__ = _holding_back(backend.__init__)
    backend.delete_auto_scaling_group = _with_its_hooks(backend.delete_auto_scaling_group)
    backend.describe_auto_scaling_instances = _and_leaving(backend.describe_auto_scaling_instances)
    group.instances = property(lambda one: one.instance_states + leaving(one))


def now() -> float:
    """The time in seconds, from some start."""
    return time.monotonic()


@dataclass
class _Action:
    """An instance's wait for a hook: it ends at ``until``, which heartbeats put off to at most ``limit``."""

    token: str
    timeout: int
    until: float
    limit: float


class _Ec2:
    """moto's EC2 as Auto Scaling sees it: an instance that hooks hold back is not terminated yet."""

    def __init__(self, ec2: Any) -> None:
        self._ec2 = ec2

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ec2, name)

    def terminate_instances(self, instance_ids: list[str]) -> Any:
        at_once = [one for one in instance_ids if not _hold_back(self._ec2.get_instance(one))]
        return self._ec2.terminate_instances(at_once) if at_once else []


def leaving(group: Any) -> list[Any]:
    """The instances that hooks of ``group`` hold back; those that nothing holds any more are terminated."""
    held: list[Any] = vars(group).setdefault("leaving", [])
    for state in list(held):
        state.actions = {name: one for name, one in state.actions.items() if one.until > now()}
        if not state.actions and state in held:
            held.remove(state)
            group.ec2_backend._ec2.terminate_instances([state.instance.id])
    return [state for state in held if state.instance._state.name == "running"]


def _hold_back(instance: Any) -> bool:
    """Let ``instance`` wait for the hooks of its group; false if there are none."""
    from moto.autoscaling.models import ASG_NAME_TAG, InstanceState

    group = instance.autoscaling_group
    hooks = [hook for hook in _hooks(group) if hook.lifecycle_transition == _TERMINATING]
    if not hooks:
        return False
    state: Any = InstanceState(instance, "Terminating:Wait")
    state.actions = {hook.name: _begun(hook.heartbeat_timeout) for hook in hooks}
    vars(group).setdefault("leaving", []).append(state)
    group.ec2_backend.create_tags([instance.id], {ASG_NAME_TAG: group.name})
    return True


def _begun(timeout: int) -> _Action:
    return _Action(str(uuid4()), timeout, now() + timeout, now() + min(_LONGEST_WAIT, 100 * timeout))


def _hooks(group: Any) -> list[Any]:
    hooks: list[Any] = group.autoscaling_backend.describe_lifecycle_hooks(group.name)
    return hooks


def _holding_back(original: Callable[..., None]) -> Callable[..., None]:
    def initialise(backend: Any, *arguments: Any, **named: Any) -> None:
        original(backend, *arguments, **named)
        backend.ec2_backend = _Ec2(backend.ec2_backend)

    return initialise


def _as_given(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def put(response: Any) -> Any:
        group = group_of(response)
        answer = original(response)
        hook = next(one for one in _hooks(group) if one.name == response._get_param("LifecycleHookName"))
        hook.notification_target_arn = response._get_param("NotificationTargetARN")
        hook.role_arn = response._get_param("RoleARN")
        hook.notification_metadata = response._get_param("NotificationMetadata")
        return answer

    return put


def _delete_hook(response: Any) -> Any:
    from moto.core.responses import EmptyResult

    group, name = group_of(response), response._get_param("LifecycleHookName")
    if name not in [hook.name for hook in _hooks(group)]:
        raise validation_error(f"No Lifecycle Hook found with the name {name}")
    _forget_hook(group, name)
    return EmptyResult()


def _with_its_hooks(original: Callable[..., None]) -> Callable[..., None]:
    def delete(backend: Any, name: str) -> None:
        group = backend.autoscaling_groups.get(name)
        for hook in _hooks(group) if group else ():
            _forget_hook(group, hook.name)
        original(backend, name)

    return delete


def _forget_hook(group: Any, name: str) -> None:
    group.autoscaling_backend.delete_lifecycle_hook(group.name, name)
    for state in leaving(group):
        state.actions.pop(name, None)
    leaving(group)


def _and_leaving(original: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    def describe(backend: Any, instance_ids: list[str]) -> list[Any]:
        held = [state for group in backend.autoscaling_groups.values() for state in leaving(group)]
        asked = [state for state in held if not instance_ids or state.instance_id in instance_ids]
        return original(backend, instance_ids) + asked

    return describe


def _complete(response: Any) -> Any:
    from moto.core.responses import EmptyResult

    state, hook = _waiting(response)
    if response._get_param("LifecycleActionResult") == "ABANDON":
        # What is abandoned waits for no other hook either.
        state.actions.clear()
    else:
        del state.actions[hook]
    leaving(state.auto_scaling_group)
    return EmptyResult()


def _record_heartbeat(response: Any) -> Any:
    from moto.core.responses import EmptyResult

    state, hook = _waiting(response)
    action = state.actions[hook]
    action.until = min(now() + action.timeout, action.limit)
    return EmptyResult()


def _waiting(response: Any) -> tuple[Any, str]:
    """The instance that a request names by its id or its token, and the hook that it waits for."""
    hook = response._get_param("LifecycleHookName")
    instance, token = response._get_param("InstanceId"), response._get_param("LifecycleActionToken")
    for state in leaving(group_of(response)):
        action = state.actions.get(hook)
        if action and (state.instance_id == instance or action.token == token):
            return state, hook
    asked = f"instance ID {instance}" if instance else f"token {token}"
    raise validation_error(f"No active Lifecycle Action found with {asked}")
