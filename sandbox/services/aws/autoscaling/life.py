"""The lifecycle of moto's Auto Scaling groups: `simulation` with moto's EC2.

moto launches all instances in the first subnet and brings them into service immediately, with most properties
of the template's default version, and ignores the instance types of a mixed instances policy. It terminates
them immediately, keeps unhealthy ones, and has no scaling activities. The simulation advances with each
request to Auto Scaling. Requests are serialized: moto's server has a thread for each.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any

from moto.autoscaling.models import (
    ASG_NAME_TAG,
    AutoScalingBackend,
    FakeAutoScalingGroup,
    InstanceState,
    TerminateInstanceActivity,
)
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

from sandbox.services.aws.autoscaling.conditions import CONDITIONS
from sandbox.services.aws.autoscaling.requests import group_of, validation_error
from sandbox.services.aws.autoscaling.simulation import Activity, Group, LaunchFailed
from sandbox.services.aws.patching import around, method_of

_OF_AN_INSTANCE = {
    "state": "lifecycle_state",
    "health": "health_status",
    "protected": "protected_from_scale_in",
}
"""The simulation's name of each property of an instance to moto's name."""

_ONE_AT_A_TIME = RLock()
"""The lock for changes of groups: another thread must not see an intermediate state."""


def life_of(group: Any) -> Group:
    """The simulation of one of moto's groups."""
    life: Group | None = vars(group).get("life")
    if life is None:
        life = vars(group)["life"] = Group(_World(group), (), now=CONDITIONS.now())
    policy = getattr(group, "instance_maintenance_policy", None) or {}
    # A group without subnets uses the default subnets of its zones.
    subnets = group.vpc_zone_identifier
    life.zones = subnets.split(",") if subnets else group.availability_zones
    warmup = getattr(group, "default_instance_warmup", None)
    life.warmup = float(warmup if warmup is not None else group.health_check_grace_period or 0)
    if not CONDITIONS.warms_up:
        life.warmup = 0
    life.launches_first = (
        int(policy.get("MinHealthyPercentage", 0)) == 100 and int(policy.get("MaxHealthyPercentage", 0)) > 100
    )
    life.protects = bool(group.new_instances_protected_from_scale_in)
    life.suspended = {each["ProcessName"] for each in getattr(group, "suspended_processes", ())}
    return life


def template_of(group: Any) -> dict[str, Any] | None:
    """The launch template of ``group`` with a numeric version, as in the API's responses."""
    template = group.ec2_launch_template
    if template is None:
        return None
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "Version": str(template.get_version(group.launch_template_version).number),
    }


def moment(life: Group, at: float) -> datetime:
    """A time of the simulation as a time of the API."""
    return datetime.now(UTC) - timedelta(seconds=life.now - at)


class _World:
    """The simulation's interface to moto's EC2."""

    def __init__(self, group: Any) -> None:
        self._group = group

    def launch(self, zone: str) -> str:
        group, template = self._group, template_of(self._group)
        subnet = zone if group.vpc_zone_identifier else None
        place = str(group.ec2_backend.get_subnet(subnet).availability_zone) if subnet else zone
        if place in CONDITIONS.unavailable:
            raise LaunchFailed(CONDITIONS.unavailable[place])
        reservation = group.ec2_backend.run_instances(
            group.image_id,
            1,
            group.user_data,
            group.security_groups,
            instance_type=_instance_type(group),
            is_instance_type_default=False,
            launch_config=group.launch_config,
            launch_template=template and {name: template[name] for name in ("LaunchTemplateId", "Version")},
            placement=place,
            subnet_id=subnet,
            tags={
                "instance": {**group.get_propagated_tags(), **group.instance_tags, ASG_NAME_TAG: group.name}
            },
        )
        (instance,) = reservation.instances
        instance.autoscaling_group = group
        instance.launched_from = template
        return str(instance.id)

    def terminate(self, instance: str) -> None:
        self._group.ec2_backend.terminate_instances([instance])

    def version(self) -> object:
        return template_of(self._group) or self._group.launch_configuration_name

    def ready_after(self, instance: str) -> float | None:
        user_data = self._group.ec2_backend.get_instance(instance).user_data
        return CONDITIONS.ready_after(self._group.name, str(user_data or ""))


def _instance_type(group: Any) -> str:
    """The first type of the mixed instances policy, else the template's."""
    overrides = ((group.mixed_instances_policy or {}).get("LaunchTemplate") or {}).get("Overrides") or ()
    named = [override["InstanceType"] for override in overrides if override.get("InstanceType")]
    return str(named[0] if named else group.instance_type)


@around(AutoScalingResponse)
def call_action(original: Callable[[Any], Any], response: Any) -> Any:
    """Advance the simulation to the current time before each request."""
    with _ONE_AT_A_TIME:
        for group in [*response.autoscaling_backend.autoscaling_groups.values()]:
            life = life_of(group)
            life.advance(CONDITIONS.now())
            if CONDITIONS.leaves_refresh:
                life.leave_refresh()
        return original(response)


def _states(group: Any) -> list[Any]:
    """The instances of a group as moto's objects, including terminating ones."""
    kept: dict[str, Any] = vars(group).setdefault("states", {})
    for each in life_of(group).instances:
        if each.id not in kept:
            state: Any = InstanceState(group.ec2_backend.get_instance(each.id), autoscaling_group=group)
            state.__dict__["member"] = each
            kept[each.id] = state
    return [kept[each.id] for each in life_of(group).instances]


def _shared(ours: str, theirs: str) -> property:
    """A property of moto's instance that is stored in the simulation."""

    def read(state: Any) -> Any:
        member = state.__dict__.get("member")
        return getattr(member, ours) if member else state.__dict__.get(theirs)

    def write(state: Any, value: Any) -> None:
        member = state.__dict__.get("member")
        if member:
            setattr(member, ours, value)
        else:
            state.__dict__[theirs] = value

    return property(read, write)


_group: Any = FakeAutoScalingGroup
# moto has two lists of instances, and sets `instance_states` when it creates a group.
_group.instances = property(_states)
_group.instance_states = property(_states, lambda _group, _states: None)
_state: Any = InstanceState
_state.launch_template = property(lambda one: vars(one.instance).get("launched_from"))
for _ours, _theirs in _OF_AN_INSTANCE.items():
    setattr(InstanceState, _theirs, _shared(_ours, _theirs))


@method_of(FakeAutoScalingGroup)
def set_desired_capacity(group: Any, capacity: int | None) -> None:
    """Resize the group in the simulation."""
    group.desired_capacity = group.min_size if capacity is None else capacity
    life_of(group).resize(group.desired_capacity or 0)


@method_of(AutoScalingBackend)
def notify_terminate_instances(backend: Any, instance_ids: list[str]) -> None:
    """Remove instances that EC2 has terminated."""
    with _ONE_AT_A_TIME:
        for group in backend.autoscaling_groups.values():
            life = life_of(group)
            for each in [one.id for one in life.instances if one.id in instance_ids]:
                life.forget(each)


@method_of(AutoScalingBackend)
def set_instance_health(backend: Any, instance_id: str, health_status: str) -> None:
    """Set the health of an instance in the simulation."""
    life_of(_group_with(backend, instance_id)).set_health(instance_id, health_status)


@method_of(AutoScalingBackend)
def terminate_instance(backend: Any, instance_id: str, should_decrement: bool) -> TerminateInstanceActivity:
    """Terminate an instance in the simulation."""
    group = _group_with(backend, instance_id)
    original = group.desired_capacity
    life = life_of(group)
    if should_decrement:
        group.desired_capacity = life.desired = original - 1
    life.end(instance_id)
    return TerminateInstanceActivity(group.ec2_backend.get_instance(instance_id), original)


def _group_with(backend: Any, instance_id: str) -> Any:
    for group in backend.autoscaling_groups.values():
        if any(each.id == instance_id for each in life_of(group).instances):
            return group
    raise validation_error(f"Instance Id not found - No managed instance found for instance ID {instance_id}")


@method_of(AutoScalingResponse)
def describe_scaling_activities(response: Any) -> ActionResult:
    """List the scaling activities of the simulation."""
    name = response._get_param("AutoScalingGroupName")
    groups = [group_of(response)] if name else response.autoscaling_backend.autoscaling_groups.values()
    return ActionResult(
        {
            "Activities": [
                _shown(group.name, life_of(group), each)
                for group in groups
                for each in life_of(group).activities
            ]
        }
    )


def _shown(group: str, life: Group, activity: Activity) -> dict[str, Any]:
    return {
        "ActivityId": activity.id,
        "AutoScalingGroupName": group,
        "Description": activity.description,
        "Cause": "The group keeps to its desired capacity.",
        "StartTime": moment(life, activity.start),
        **({"EndTime": moment(life, activity.end)} if activity.end is not None else {}),
        "StatusCode": activity.status,
        **({"StatusMessage": activity.message} if activity.message else {}),
        "Progress": 100 if activity.end is not None else 50,
    }
