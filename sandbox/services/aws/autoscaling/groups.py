"""Patches moto's Auto Scaling groups.

moto drops properties of a group, forgets a mixed instances policy at any update of something else,
and lets a group be deleted with its instances and resized beyond its limits.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from sandbox.services.aws.autoscaling.requests import error, group_of, validation_error

_DROPPED = {
    "DefaultInstanceWarmup": "default_instance_warmup",
    "InstanceMaintenancePolicy": "instance_maintenance_policy",
}
"""The API's name of each property that moto drops, and the attribute in moto's responses."""


def patch() -> None:
    """Patch moto's classes in this process."""
    from moto.autoscaling import models, responses

    actions: Any = responses.AutoScalingResponse
    group: Any = models.FakeAutoScalingGroup
    actions.create_auto_scaling_group = _keeping(actions.create_auto_scaling_group)
    actions.update_auto_scaling_group = _keeping(actions.update_auto_scaling_group)
    actions.set_desired_capacity = _within_limits(actions.set_desired_capacity)
    actions.delete_auto_scaling_group = _empty_or_forced(actions.delete_auto_scaling_group)
    group.update = _remembering_policy(group.update)


def _keeping(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Store the properties that moto drops after ``original``."""

    def call(response: Any) -> Any:
        answer = original(response)
        group, given = group_of(response), response._get_params()
        for name, attribute in _DROPPED.items():
            if name in given:
                value = given[name]
                setattr(group, attribute, None if value == -1 or _is_unset_policy(value) else value)
        return answer

    return call


def _remembering_policy(original: Callable[..., None]) -> Callable[..., None]:
    def update(group: Any, **values: Any) -> None:
        given = ("launch_template", "launch_config_name", "mixed_instances_policy")
        if group.mixed_instances_policy and not any(values[name] for name in given):
            policy = deepcopy(group.mixed_instances_policy)
            # moto returns the template's id and name, and accepts only one of them.
            policy["LaunchTemplate"]["LaunchTemplateSpecification"].pop("LaunchTemplateName", None)
            values["mixed_instances_policy"] = policy
        # moto would count terminating instances.
        if values["desired_capacity"] is None:
            least, most = (
                getattr(group, name) if values[name] is None else values[name]
                for name in ("min_size", "max_size")
            )
            values["desired_capacity"] = min(max(group.desired_capacity or 0, int(least)), int(most))
        original(group, **values)

    return update


def _within_limits(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def call(response: Any) -> Any:
        group, wanted = group_of(response), response._get_int_param("DesiredCapacity")
        if not group.min_size <= wanted <= group.max_size:
            above = wanted > group.max_size
            limit = f"above max value {group.max_size}" if above else f"below min value {group.min_size}"
            raise validation_error(
                f"New SetDesiredCapacity value {wanted} is {limit} for the AutoScalingGroup."
            )
        return original(response)

    return call


def _empty_or_forced(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def call(response: Any) -> Any:
        name = response._get_param("AutoScalingGroupName")
        group = response.autoscaling_backend.autoscaling_groups.get(name)
        if group and group.instances and not response._get_bool_param("ForceDelete"):
            raise error(
                "ResourceInUse",
                "You cannot delete an AutoScalingGroup while there are instances still in the group.",
            )
        # Instances that are protected from scale-in terminate too.
        for state in group.instance_states if group else ():
            state.protected_from_scale_in = False
        return original(response)

    return call


def _is_unset_policy(value: Any) -> bool:
    return isinstance(value, dict) and set(value.values()) == {-1}
