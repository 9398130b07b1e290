"""Patches moto's Auto Scaling groups.

moto drops properties of a group, forgets a mixed instances policy at any update of something else,
and lets a group be deleted with its instances and resized beyond its limits.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse

from sandbox.services.aws.autoscaling.requests import error, group_of, validation_error
from sandbox.services.aws.patching import around

_DROPPED = {
    "DefaultInstanceWarmup": "default_instance_warmup",
    "InstanceMaintenancePolicy": "instance_maintenance_policy",
}
"""The API's name of each property that moto drops, and the attribute in moto's responses."""


@around(AutoScalingResponse)
def create_auto_scaling_group(original: Callable[[Any], Any], response: Any) -> Any:
    """Create a group with the properties that moto drops."""
    answer = original(response)
    _keep(response)
    return answer


@around(AutoScalingResponse)
def update_auto_scaling_group(original: Callable[[Any], Any], response: Any) -> Any:
    """Update the properties that moto drops too."""
    answer = original(response)
    _keep(response)
    return answer


def _keep(response: Any) -> None:
    group, given = group_of(response), response._get_params()
    for name, attribute in _DROPPED.items():
        if name in given:
            value = given[name]
            setattr(group, attribute, None if value == -1 or _is_unset_policy(value) else value)


@around(AutoScalingResponse)
def set_desired_capacity(original: Callable[[Any], Any], response: Any) -> Any:
    """Refuse a capacity beyond the limits of the group."""
    group, wanted = group_of(response), response._get_int_param("DesiredCapacity")
    if not group.min_size <= wanted <= group.max_size:
        above = wanted > group.max_size
        limit = f"above max value {group.max_size}" if above else f"below min value {group.min_size}"
        raise validation_error(f"New SetDesiredCapacity value {wanted} is {limit} for the AutoScalingGroup.")
    return original(response)


@around(AutoScalingResponse)
def delete_auto_scaling_group(original: Callable[[Any], Any], response: Any) -> Any:
    """Refuse to delete a group with instances, unless that is forced."""
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


@around(FakeAutoScalingGroup)
def update(original: Callable[..., None], group: Any, **values: Any) -> None:
    """Keep the mixed instances policy, and the desired capacity within the limits."""
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


def _is_unset_policy(value: Any) -> bool:
    return isinstance(value, dict) and set(value.values()) == {-1}
