"""The permissions in an IAM policy document, and those that a new version adds."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

Statement = Mapping[str, Any]
_ALL_BUT = "all except "
"""The prefix of the text for a negation, such as `NotAction`."""


@dataclass(frozen=True, order=True)
class Right:
    """One action on one resource.

    Attributes:
        action: the action, such as ``ecr:BatchGetImage``; may contain wildcards.
        resource: an ARN, or a pattern of ARNs; empty in a resource-based policy.
        principal: the principal; empty in an identity-based policy.
        condition: the condition, as JSON; empty for none.
    """

    action: str
    resource: str = ""
    principal: str = ""
    condition: str = ""


@dataclass(frozen=True)
class Gain:
    """Permissions that a new version of a policy adds.

    Attributes:
        actions: the allowed actions.
        resources: the resources; empty in a resource-based policy.
        principals: the principals; empty in an identity-based policy.
        condition: the condition, as JSON; empty for none.
        denied_before: whether the old version denied them explicitly.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    condition: str
    denied_before: bool = False


def statements_in(value: Any) -> list[Statement]:
    """The statements of all policy documents, as JSON or as objects, in the value of a property."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            document = json.loads(value)
        except (ValueError, RecursionError):
            return []
        return statements_in(document) if "Statement" in document else []
    if isinstance(value, list):
        return [statement for each in value for statement in statements_in(each)]
    if not isinstance(value, Mapping):
        return []
    if "Statement" in value:
        return [each for each in _listed(value["Statement"]) if isinstance(each, Mapping)]
    return [statement for each in value.values() for statement in statements_in(each)]


def gains(old: Sequence[Statement], new: Sequence[Statement]) -> Iterator[Gain]:
    """The permissions that the new statements of a policy add to the old ones."""
    yield from _together(_not_covered(_rights(new, "Allow"), _rights(old, "Allow")))
    if new:  # without any statement nothing is allowed, so a removed denial adds nothing
        yield from _together(_not_covered(_rights(old, "Deny"), _rights(new, "Deny")), denied_before=True)


def _rights(statements: Sequence[Statement], effect: str) -> set[Right]:
    """The statements with one effect, split into rights."""
    return {
        Right(action, resource, principal, json.dumps(condition, sort_keys=True) if condition else "")
        for statement in statements
        if statement.get("Effect") == effect
        for condition in [statement.get("Condition")]
        for action in _either(statement, "Action")
        for resource in _either(statement, "Resource")
        for principal in _principals(statement)
    }


def _either(statement: Mapping[str, Any], key: str) -> list[str]:
    """The values of a key; of its negation, such as `NotAction`, one text; without both, an empty text."""
    if opposite := statement.get(f"Not{key}"):
        return [f"{_ALL_BUT}{', '.join(map(str, _listed(opposite)))}"]
    return [str(each) for each in _listed(statement.get(key))] or [""]


def _principals(statement: Mapping[str, Any]) -> list[str]:
    key = "NotPrincipal" if "NotPrincipal" in statement else "Principal"
    principal = statement.get(key, "")
    if isinstance(principal, Mapping):
        named = [f"{kind} {each}" for kind, value in principal.items() for each in _listed(value)]
    else:
        named = [str(principal)]
    return [f"{_ALL_BUT}{', '.join(named)}"] if key == "NotPrincipal" else named


def _not_covered(rights: set[Right], by: set[Right]) -> list[Right]:
    """The rights in `rights` that no right in `by` includes."""
    known = {_plain(each) for each in by}
    patterns = [
        (_pattern(each.action), _pattern(each.resource), each)
        for each in sorted(known)
        if any(character in each.action + each.resource for character in "*?")
    ]

    def is_covered(right: Right) -> bool:
        wider = {
            replace(right, principal=principal, condition=condition)
            for principal in (right.principal, "*")
            for condition in (right.condition, "")
        }
        return not known.isdisjoint(wider) or any(
            action.fullmatch(right.action)
            and resource.fullmatch(right.resource)
            and each.principal in (right.principal, "*")
            and each.condition in (right.condition, "")
            for action, resource, each in patterns
        )

    return [right for right in sorted(rights) if not is_covered(_plain(right))]


def _plain(right: Right) -> Right:
    """The right with its action in lower case: IAM ignores the case of actions."""
    return replace(right, action=right.action.lower())


def _pattern(text: str) -> re.Pattern[str]:
    """IAM's wildcards: `*` matches any text, `?` any character, but not the wider `*` of another pattern.

    A negation matches only itself: with fewer exceptions, it allows more.
    """
    exact = re.escape(text)
    if text.startswith(_ALL_BUT):
        return re.compile(exact)
    return re.compile(exact.replace(r"\*", ".*").replace(r"\?", "[^*]"), re.DOTALL)


def _together(rights: Iterable[Right], *, denied_before: bool = False) -> Iterator[Gain]:
    """The rights, merged by equal principal, resource and condition, and then by equal actions."""
    actions: dict[tuple[str, str, str], list[str]] = {}
    for right in rights:
        actions.setdefault((right.principal, right.resource, right.condition), []).append(right.action)
    resources: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for (principal, resource, condition), each in actions.items():
        resources.setdefault((principal, condition, tuple(each)), []).append(resource)
    for (principal, condition, acts), where in sorted(resources.items()):
        yield Gain(
            acts, tuple(filter(None, where)), tuple(filter(None, [principal])), condition, denied_before
        )


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
