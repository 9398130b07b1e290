"""Adds instance refreshes to moto, with AWS's default preferences."""

from typing import Any

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

from sandbox.services.aws.autoscaling.life import life_of, moment
from sandbox.services.aws.autoscaling.requests import api_errors, group_of
from sandbox.services.aws.autoscaling.simulation import Group, Refresh
from sandbox.services.aws.patching import method_of


@method_of(AutoScalingResponse)
def start_instance_refresh(response: Any) -> ActionResult:
    """Start an instance refresh."""
    with api_errors():
        refresh = life_of(group_of(response)).start_refresh()
    return ActionResult({"InstanceRefreshId": refresh.id})


@method_of(AutoScalingResponse)
def cancel_instance_refresh(response: Any) -> ActionResult:
    """Cancel the instance refresh."""
    waits = response._get_bool_param("WaitForTransitioningInstances", True)
    with api_errors():
        cancelled = life_of(group_of(response)).cancel_refresh(waits=waits is not False)
    return ActionResult({"InstanceRefreshId": cancelled.id})


@method_of(AutoScalingResponse)
def describe_instance_refreshes(response: Any) -> ActionResult:
    """List the instance refreshes of a group."""
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
