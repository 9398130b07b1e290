"""Patches moto's scheduled actions.

They have no ARN, are taken for a group that does not exist, outlive their group, and are mixed up where two
groups call one the same.
"""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from sandbox.services.aws.autoscaling.requests import group_of, validation_error


def patch() -> None:
    """Change moto's classes in this process."""
    from moto.autoscaling import models, responses

    actions: Any = responses.AutoScalingResponse
    backend: Any = models.AutoScalingBackend
    actions.put_scheduled_update_group_action = _of_a_group(actions.put_scheduled_update_group_action)
    backend.put_scheduled_update_group_action = _under_its_group(backend.put_scheduled_update_group_action)
    backend.delete_scheduled_action = _delete
    backend.delete_auto_scaling_group = _with_its_actions(backend.delete_auto_scaling_group)


def _of_a_group(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def call(response: Any) -> Any:
        group_of(response)
        return original(response)

    return call


def _under_its_group(original: Callable[..., Any]) -> Callable[..., Any]:
    """An action, which moto keeps under its name, is moved to the key of its group and its name."""

    def put(backend: Any, *arguments: Any, **values: Any) -> Any:
        action = original(backend, *arguments, **values)
        group = backend.autoscaling_groups[action.auto_scaling_group_name]
        name = action.scheduled_action_name
        replaced = backend.scheduled_actions.get((group.name, name))
        action.scheduled_action_arn = replaced.scheduled_action_arn if replaced else _new_arn(group, name)
        backend.scheduled_actions[group.name, name] = backend.scheduled_actions.pop(name)
        return action

    return put


def _new_arn(group: Any, name: str) -> str:
    place = group.arn.split(":autoScalingGroup:")[0]
    return (
        f"{place}:scheduledUpdateGroupAction:{uuid4()}"
        f":autoScalingGroupName/{group.name}:scheduledActionName/{name}"
    )


def _delete(backend: Any, auto_scaling_group_name: str, scheduled_action_name: str) -> None:
    if backend.scheduled_actions.pop((auto_scaling_group_name, scheduled_action_name), None) is None:
        raise validation_error("Scheduled action name not found")


def _with_its_actions(original: Callable[..., None]) -> Callable[..., None]:
    def delete(backend: Any, name: str) -> None:
        original(backend, name)
        for key in [key for key in backend.scheduled_actions if key[0] == name]:
            del backend.scheduled_actions[key]

    return delete
