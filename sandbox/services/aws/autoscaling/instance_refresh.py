"""Gives moto instance refreshes.

A refresh launches the new instances at once and lets the old ones go; it is in progress for as long as
lifecycle hooks hold old ones back, or while it waits for protected or standby ones. Warm-up, checkpoints,
alarms and healthy percentages are kept as data.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sandbox.services.aws.autoscaling.instances import template_of
from sandbox.services.aws.autoscaling.requests import error, group_of, validation_error


def mend() -> None:
    """Change moto's classes in this process."""
    from moto.autoscaling import responses

    actions: Any = responses.AutoScalingResponse
    actions.start_instance_refresh = _start
    actions.cancel_instance_refresh = _cancel
    actions.describe_instance_refreshes = _describe


@dataclass
class _Refresh:
    """One refresh of ``group``, for which the instances ``old`` have to go."""

    group: Any
    asked: dict[str, Any]
    old: set[str]
    id: str = field(default_factory=lambda: str(uuid4()))
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    cancelled: bool = False

    def left(self) -> int:
        """How many of the old instances are still there."""
        return len(self.old & {state.instance_id for state in self.group.instances})

    def in_progress(self) -> bool:
        """Whether it still waits for an instance."""
        return not self.cancelled and self.left() > 0

    def shown(self) -> dict[str, Any]:
        """It in the API's shape."""
        left = self.left()
        return {
            **self.asked,
            "InstanceRefreshId": self.id,
            "Status": "Cancelled" if self.cancelled else "InProgress" if left else "Successful",
            "StartTime": self.started,
            "InstancesToUpdate": left,
            "PercentageComplete": 100 * (len(self.old) - left) // len(self.old) if self.old else 100,
        }


def _start(response: Any) -> Any:
    from moto.core.responses import ActionResult

    group, asked = group_of(response), response._get_params()
    preferences = asked.get("Preferences", {})
    _check(asked, preferences)
    if any(refresh.in_progress() for refresh in _refreshes(group)):
        raise error(
            "InstanceRefreshInProgress",
            "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.",
        )
    replaced = [one for one in group.instance_states if _is_replaced(one, preferences)]
    awaited = [one for one in group.instance_states if _is_awaited(one, preferences)]
    refresh = _Refresh(group, asked, {one.instance_id for one in (*replaced, *awaited)})
    _refreshes(group).insert(0, refresh)
    if replaced:
        group.replace_autoscaling_group_instances(len(replaced), group.get_propagated_tags())
        group.instance_states = [one for one in group.instance_states if one not in replaced]
        group.ec2_backend.terminate_instances([one.instance_id for one in replaced])
    return ActionResult({"InstanceRefreshId": refresh.id})


def _cancel(response: Any) -> Any:
    from moto.core.responses import ActionResult

    active = [refresh for refresh in _refreshes(group_of(response)) if refresh.in_progress()]
    if not active:
        raise error("ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found.")
    active[0].cancelled = True
    return ActionResult({"InstanceRefreshId": active[0].id})


def _describe(response: Any) -> Any:
    from moto.core.responses import ActionResult

    asked = response._get_param("InstanceRefreshIds")
    found = [one.shown() for one in _refreshes(group_of(response)) if not asked or one.id in asked]
    return ActionResult({"InstanceRefreshes": found})


def _check(asked: dict[str, Any], preferences: dict[str, Any]) -> None:
    if preferences.get("AutoRollback") and not asked.get("DesiredConfiguration"):
        raise validation_error("The AutoRollback parameter requires the DesiredConfiguration parameter.")
    least, most = preferences.get("MinHealthyPercentage"), preferences.get("MaxHealthyPercentage")
    if most is not None and (least is None or int(most) - int(least) > 100):
        raise validation_error(
            "The difference between MaxHealthyPercentage and MinHealthyPercentage must not be over 100"
        )


def _is_replaced(state: Any, preferences: dict[str, Any]) -> bool:
    if state.protected_from_scale_in and preferences.get("ScaleInProtectedInstances") != "Refresh":
        return False
    if state.lifecycle_state == "Standby" and preferences.get("StandbyInstances") != "Terminate":
        return False
    matches = state.launch_template == template_of(state.auto_scaling_group)
    return not (preferences.get("SkipMatching") and matches)


def _is_awaited(state: Any, preferences: dict[str, Any]) -> bool:
    protected = state.protected_from_scale_in and preferences.get("ScaleInProtectedInstances") == "Wait"
    standby = state.lifecycle_state == "Standby" and preferences.get("StandbyInstances") == "Wait"
    return bool(protected or standby)


def _refreshes(group: Any) -> list[_Refresh]:
    """The refreshes of ``group``, the newest first."""
    refreshes: list[_Refresh] = vars(group).setdefault("instance_refreshes", [])
    return refreshes
