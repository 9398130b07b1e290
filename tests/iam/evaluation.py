"""Whether a policy allows a call, by moto's evaluator."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult


@dataclass(frozen=True)
class Call:
    """A call to AWS: the action, its resource, and the condition keys that AWS fills in for it."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def allows(policy: str, call: Call) -> bool:
    """Whether a policy without Deny statements allows a call.

    Each statement is evaluated separately: moto treats a condition that does not match as a denial by the
    whole policy, and a condition whose key is absent as a match. In AWS, such a statement does not apply.
    """
    return any(_applies(statement, call) for statement in json.loads(policy)["Statement"])


def without(policy: str, action: str) -> str:
    """The policy without an action, and without a statement that has no other action."""
    document = json.loads(policy)
    kept = [
        each | {"Action": [name for name in each["Action"] if name != action]}
        for each in document["Statement"]
    ]
    return json.dumps(document | {"Statement": [each for each in kept if each["Action"]]})


def _is_like(value: str, patterns: list[str]) -> bool:
    """Whether a value matches a pattern of IAM's `StringLike`, in which `*` is any text."""
    return any(re.fullmatch(".*".join(map(re.escape, each.split("*"))), value) for each in patterns)


def _without_condition(statement: dict[str, Any]) -> dict[str, Any]:
    return {key: each for key, each in statement.items() if key != "Condition"}


def _applies(statement: dict[str, Any], call: Call) -> bool:
    assert statement["Effect"] == "Allow"
    for operator, wanted in statement.get("Condition", {}).items():
        if not wanted.keys() <= call.context.keys():
            return False
        if operator == "StringLike":
            if not all(_is_like(call.context[key], patterns) for key, patterns in wanted.items()):
                return False
        else:
            assert operator == "StringEquals", f"not evaluated: {operator}"
    equals = {key: each for key, each in statement.get("Condition", {}).items() if key == "StringEquals"}
    statement = {**statement, "Condition": equals} if equals else _without_condition(statement)
    alone = IAMPolicy(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    return (
        alone.is_action_permitted(call.action, call.resource, incoming_condition_values=dict(call.context))
        is PermissionResult.PERMITTED
    )
