"""Gives moto instance refreshes. Checkpoints, alarms and other healthy percentages are kept as data."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.services.aws.autoscaling.conditions import CONDITIONS
from sandbox.services.aws.autoscaling.life import api_error, life_of
from sandbox.services.aws.autoscaling.requests import group_of, validation_error
from sandbox.services.aws.autoscaling.simulation import Group, Refresh, Refused


def patch() -> None:
    """Change moto's classes in this process."""
    from moto.autoscaling import responses

    actions: Any = responses.AutoScalingResponse
    actions.start_instance_refresh = _start
    actions.cancel_instance_refresh = _cancel
    actions.describe_instance_refreshes = _describe


def _start(response: Any) -> Any:
    from moto.core.responses import ActionResult

    group, asked = group_of(response), response._get_params()
    preferences = asked.get("Preferences", {})
    _check(asked, preferences)
    warmup = preferences.get("InstanceWarmup")
    try:
        refresh = life_of(group).start_refresh(
            warmup=None if warmup is None or not CONDITIONS.warms_up else float(warmup),
            skip_matching=bool(preferences.get("SkipMatching")),
            protected=preferences.get("ScaleInProtectedInstances", "Ignore"),
            standby=preferences.get("StandbyInstances", "Ignore"),
        )
    except Refused as refused:
        raise api_error(refused) from refused
    vars(group).setdefault("asked", {})[refresh.id] = asked
    return ActionResult({"InstanceRefreshId": refresh.id})


def _cancel(response: Any) -> Any:
    from moto.core.responses import ActionResult

    waits = response._get_bool_param("WaitForTransitioningInstances", True)
    try:
        cancelled = life_of(group_of(response)).cancel_refresh(waits=waits is not False)
    except Refused as refused:
        raise api_error(refused) from refused
    return ActionResult({"InstanceRefreshId": cancelled.id})


def _describe(response: Any) -> Any:
    from moto.core.responses import ActionResult

    wanted, group = response._get_param("InstanceRefreshIds"), group_of(response)
    life = life_of(group)
    return ActionResult(
        {
            "InstanceRefreshes": [
                {**vars(group)["asked"][each.id], **_shown(life, each)}
                for each in life.refreshes
                if not wanted or each.id in wanted
            ]
        }
    )


def _shown(life: Group, refresh: Refresh) -> dict[str, Any]:
    """A refresh in the API's shape, without its preferences."""
    there = {each.id for each in life.instances}
    old = refresh.old | refresh.awaited
    left = len(old & there) if not refresh.over else 0

    def moment(at: float) -> datetime:
        return datetime.now(UTC) - timedelta(seconds=life.now - at)

    return {
        "InstanceRefreshId": refresh.id,
        "Status": refresh.status,
        **({"StatusReason": refresh.reason} if refresh.reason else {}),
        "StartTime": moment(refresh.started),
        **({"EndTime": moment(refresh.ended)} if refresh.ended is not None else {}),
        "InstancesToUpdate": left,
        "PercentageComplete": 100 * (len(old) - left) // len(old) if old else 100,
    }


def _check(asked: dict[str, Any], preferences: dict[str, Any]) -> None:
    if preferences.get("AutoRollback") and not asked.get("DesiredConfiguration"):
        raise validation_error("The AutoRollback parameter requires the DesiredConfiguration parameter.")
    least, most = preferences.get("MinHealthyPercentage"), preferences.get("MaxHealthyPercentage")
    if most is not None and (least is None or int(most) - int(least) > 100):
        raise validation_error(
            "The difference between MaxHealthyPercentage and MinHealthyPercentage must not be over 100"
        )
