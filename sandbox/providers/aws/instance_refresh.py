"""Instance refreshes, which replace the instances of an Auto Scaling group.

Source of the properties: the official provider's ``internal/service/autoscaling/group.go``.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sandbox.providers.aws.resource import AwsResource, error_code
from sandbox.standin.properties import Failure, Property, SetOf, Text, snake_case
from sandbox.standin.provider import Unfinished
from sandbox.standin.values import Properties

_CANCELLED_WITHIN = _STARTED_WITHIN = 900
"""The official provider's instanceRefreshCancelledTimeout and instanceRefreshStartedTimeout, in seconds."""

PROPERTIES: Mapping[str, Property] = {
    "strategy": Text(required=True, one_of=("Rolling",)),
    "triggers": SetOf(Text()),
}
"""The properties of a group's ``instanceRefresh``."""


def validate(inputs: Properties, names: Iterable[str]) -> Iterator[Failure]:
    """Each trigger is one of the group's properties ``names``, in Terraform's spelling."""
    refresh = inputs.get("instanceRefresh")
    allowed = set(map(_terraform_name, names))
    for trigger in (refresh.get("triggers") if isinstance(refresh, dict) else None) or ():
        if isinstance(trigger, str) and trigger not in allowed:
            reason = f"{trigger} is not a property of the group in Terraform's spelling, as tag or max_size"
            yield Failure("instanceRefresh.triggers", reason)


def is_triggered(refresh: Properties, changed: set[str]) -> bool:
    """Whether a change of the properties ``changed`` starts a refresh."""
    return not {_terraform_name(name) for name in changed}.isdisjoint(refresh.get("triggers") or ())


def start(resource: AwsResource, group: str, refresh: Properties) -> None:
    """Start a refresh; cancel one in progress first."""
    deadline = time.monotonic() + _STARTED_WITHIN
    while True:
        try:
            resource.call("StartInstanceRefresh", refresh, PROPERTIES, AutoScalingGroupName=group)
            return
        except Exception as error:
            if error_code(error) != "InstanceRefreshInProgress" or time.monotonic() > deadline:
                raise
        _cancel(resource.client, group)


def _cancel(client: Any, group: str) -> None:
    """Cancel the refresh in progress, and wait until it has ended."""
    try:
        refresh = client.cancel_instance_refresh(AutoScalingGroupName=group)["InstanceRefreshId"]
    except Exception as error:
        if error_code(error) == "ActiveInstanceRefreshNotFound":
            return
        raise
    deadline = time.monotonic() + _CANCELLED_WITHIN
    while True:
        asked = client.describe_instance_refreshes(AutoScalingGroupName=group, InstanceRefreshIds=[refresh])
        (found,) = asked["InstanceRefreshes"]
        if found["Status"] in ("Cancelled", "Failed", "Successful"):
            return
        if time.monotonic() > deadline:
            raise Unfinished(
                f"waiting for Auto Scaling Group ({group}) instance refresh cancel: timeout while waiting "
                f"for state to become 'Cancelled, Failed, Successful' (last state: '{found['Status']}')"
            )
        time.sleep(0.2)


def _terraform_name(name: str) -> str:
    """A property's name in Terraform's spelling, as in the triggers."""
    singular = {
        "initialLifecycleHooks": "initial_lifecycle_hook",
        "tags": "tag",
        "vpcZoneIdentifiers": "vpc_zone_identifier",
    }
    return singular.get(name) or snake_case(name)
