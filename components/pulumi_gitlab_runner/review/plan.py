"""The differences between two update plans of Pulumi, the reviewed one and a current one.

The format of a plan: pulumi/pulumi, sdk/go/common/apitype/plan.go. Secrets in it are encrypted, with another
result each time, so that they cannot be compared here; Pulumi compares them.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_gitlab_runner.review.errors import PreviewError
from pulumi_gitlab_runner.review.markup import one_line
from pulumi_gitlab_runner.review.preview import UNKNOWN, without_secrets

_NOTHING = {"same", "refresh"}


@dataclass(frozen=True)
class PlannedResource:
    """The entry of a plan for one resource.

    Attributes:
        steps: Pulumi's names of the operations, without `same` and `refresh`.
        properties: the planned inputs and outputs, by name; all secrets are equal.
    """

    steps: tuple[str, ...]
    properties: Mapping[str, Any]


Plan = Mapping[str, PlannedResource]
"""The resources of a plan by their URNs."""


def read_plan(text: str) -> Plan:
    """Parse an update plan.

    Raises:
        PreviewError: the text is not a plan.
    """
    try:
        planned = json.loads(text)["resourcePlans"]
        return {urn: _planned(each) for urn, each in planned.items() if urn.count("::") >= 3}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise PreviewError(
            "The plan cannot be parsed: it is not a plan from `pulumi preview --save-plan`."
        ) from None


def differences(reviewed: Plan, now: Plan) -> list[str]:
    """The operations that are only in the current plan, or only in the reviewed one: names, never a value."""
    return [
        f"{resource(urn)}: {difference}"
        for urn in sorted({*reviewed, *now}, key=resource)
        for difference in _difference(reviewed.get(urn, _ABSENT), now.get(urn, _ABSENT))
    ]


def resource(urn: str) -> str:
    """A resource's type and name."""
    kind, name = urn.split("::", 3)[2:]
    return f"{one_line(kind.rpartition('$')[2])} {one_line(name)}"


_ABSENT = PlannedResource((), {})


def _difference(reviewed: PlannedResource, now: PlannedResource) -> Iterator[str]:
    if now.steps and not reviewed.steps:
        yield f"{_words(now)} now; no change was reviewed"
    elif reviewed.steps and not now.steps:
        if reviewed.steps != ("update",):  # Pulumi too accepts an update that was already deployed
            yield f"no change now; {_words(reviewed)} was reviewed"
    elif now.steps != reviewed.steps:
        yield f"{_words(now)} now; {_words(reviewed)} was reviewed"
    else:
        names = sorted({*reviewed.properties, *now.properties})
        if others := [one_line(name) for name in names if not _is_alike(name, reviewed, now)]:
            yield f"differs from the reviewed plan: {', '.join(others)}"


def _is_alike(name: str, reviewed: PlannedResource, now: PlannedResource) -> bool:
    missing = object()
    was, is_now = reviewed.properties.get(name, missing), now.properties.get(name, missing)
    return was == is_now or UNKNOWN in (was, is_now)


def _words(planned: PlannedResource) -> str:
    steps = ", ".join(map(one_line, planned.steps))
    names = [one_line(name) for name in planned.properties]
    return f"{steps} of {', '.join(sorted(names))}" if planned.steps == ("update",) and names else steps


def _planned(planned: Mapping[str, Any]) -> PlannedResource:
    goal = planned.get("goal") or {}
    properties: dict[str, Any] = {}
    for kind in ("inputDiff", "outputDiff"):
        diff = goal.get(kind) or {}
        properties |= dict.fromkeys(diff.get("deletes") or ())
        properties |= without_secrets({**(diff.get("adds") or {}), **(diff.get("updates") or {})})
    properties.pop("__defaults", None)
    steps = tuple(step for step in planned.get("steps") or () if step not in _NOTHING)
    return PlannedResource(steps, properties)
