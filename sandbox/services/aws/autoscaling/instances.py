"""Mends how instances come into a moto group.

moto launches all of them in the first subnet, with the template's default version for most of what a version
says, and with the template's instance type where a mixed instances policy names others. It shows every
instance as launched from the template's default version.
"""

from collections.abc import Callable
from typing import Any


def mend() -> None:
    """Change moto's classes in this process."""
    from moto.autoscaling import models

    group: Any = models.FakeAutoScalingGroup
    state: Any = models.InstanceState
    group.replace_autoscaling_group_instances = _launching(group.replace_autoscaling_group_instances)
    state.launch_template = property(lambda one: vars(one.instance).get("launched_from"))


def template_of(group: Any) -> dict[str, Any] | None:
    """The launch template of ``group`` with its version as a number, in the API's shape."""
    template = group.ec2_launch_template
    if template is None:
        return None
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "Version": str(template.get_version(group.launch_template_version).number),
    }


def _launching(original: Callable[..., None]) -> Callable[..., None]:
    def launch(group: Any, count: int, tags: dict[str, str]) -> None:
        template = template_of(group)
        if template is None:
            original(group, count, tags)
            return
        for _ in range(count):
            _launch(group, template, tags)

    return launch


def _launch(group: Any, template: dict[str, Any], tags: dict[str, str]) -> None:
    from moto.autoscaling.models import ASG_NAME_TAG, InstanceState

    subnets = (group.vpc_zone_identifier or "").split(",")
    turn = len(group.instance_states)
    reservation = group.ec2_backend.run_instances(
        group.image_id,
        1,
        group.user_data,
        group.security_groups,
        instance_type=_instance_type(group),
        is_instance_type_default=False,
        launch_template={name: template[name] for name in ("LaunchTemplateId", "Version")},
        placement=group.availability_zones[turn % len(group.availability_zones)],
        subnet_id=subnets[turn % len(subnets)] or None,
        tags={"instance": {**tags, **group.instance_tags, ASG_NAME_TAG: group.name}},
    )
    for instance in reservation.instances:
        instance.autoscaling_group = group
        instance.launched_from = template
        protected = group.new_instances_protected_from_scale_in
        group.instance_states.append(InstanceState(instance, protected_from_scale_in=protected))


def _instance_type(group: Any) -> str:
    """The first type that a mixed instances policy names, else the template's."""
    overrides = ((group.mixed_instances_policy or {}).get("LaunchTemplate") or {}).get("Overrides") or ()
    named = [override["InstanceType"] for override in overrides if override.get("InstanceType")]
    return str(named[0] if named else group.instance_type)
