"""Adds instance refreshes to moto, with AWS's default preferences."""

from typing import Any

from sandbox.services.aws.autoscaling.life import api_error, life_of, moment
from sandbox.services.aws.autoscaling.requests import group_of
from sandbox.services.aws.autoscaling.simulation import Group, Refresh, Refused


def patch() -> None:
    """Patch moto's classes in this process."""
    from moto.autoscaling import responses

    actions: Any = responses.AutoScalingResponse
    actions.start_instance_refresh = _start
    actions.cancel_instance_refresh = _cancel
    actions.describe_instance_refreshes = _describe


def _start(response: Any) -> Any:
    from moto.core.responses import ActionResult

    try:
        refresh = life_of(group_of(response)).start_refresh()
    except Refused as refused:
        raise api_error(refused) from refused
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

    wanted, name = response._get_param("InstanceRefreshIds"), response._get_param("AutoScalingGroupName")
    life = life_of(group_of(response))
    found = [each for each in life.refreshes if not wanted or each.id in wanted]
    return ActionResult({"InstanceRefreshes": [_shown(name, life, each) for each in found]})


def _shown(group: str, life: Group, refresh: Refresh) -> dict[str, Any]:
    """A refresh in the API's response, without its preferences."""
    there, old = {each.id for each in life.instances}, refresh.old
    left = len(old & there) if not refresh.over else 0

    return {
        "InstanceRefreshId": refresh.id,
        "AutoScalingGroupName": group,
        "Status": refresh.status,
        **({"StatusReason": refresh.reason} if refresh.reason else {}),
        "StartTime": moment(life, refresh.started),
        **({"EndTime": moment(life, refresh.ended)} if refresh.ended is not None else {}),
        "InstancesToUpdate": left,
        "PercentageComplete": 100 * (len(old) - left) // len(old) if old else 100,
    }
