"""The permissions in an IAM policy document, and those that a newer one adds."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

Statement = Mapping[str, Any]


@dataclass(frozen=True, order=True)
class Right:
    """One action on one resource.

    Attributes:
        action: such as ``ecr:BatchGetImage``; wildcards stand as they are.
        resource: an ARN, or a pattern of ARNs; empty where the policy is itself that of a resource.
        principal: who has it; empty where the policy is itself that of a principal.
        condition: when it holds, as JSON; empty for always.
    """

    action: str
    resource: str = ""
    principal: str = ""
    condition: str = ""


@dataclass(frozen=True)
class Gain:
    """Rights that somebody has from now on.

    Attributes:
        actions: what may be done.
        resources: on what; none where the policy is itself that of a resource.
        principals: who; none where the policy is itself that of a principal.
        condition: when it holds, as JSON; empty for always.
        denied_before: whether the document forbade it until now.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    condition: str
    denied_before: bool = False


def statements_in(value: Any) -> list[Statement]:
    """The statements of the policy documents, as JSON or as objects, that a property's value is or holds."""
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
    """The permissions that statements add to those before them.

    Args:
        old: the statements before.
        new: the statements now.
    """
    yield from _together(_not_covered(_rights(new, "Allow"), _rights(old, "Allow")))
    if new:  # with nothing allowed, nothing is lost with a denial
        yield from _together(_not_covered(_rights(old, "Deny"), _rights(new, "Deny")), denied_before=True)


def _rights(statements: Sequence[Statement], effect: str) -> set[Right]:
    """The statements of one effect, by action."""
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
    """The texts under a key; those under its opposite as the one text that says so; or one empty text."""
    if opposite := statement.get(f"Not{key}"):
        return [f"all but {', '.join(map(str, _listed(opposite)))}"]
    return [str(each) for each in _listed(statement.get(key))] or [""]


def _principals(statement: Mapping[str, Any]) -> list[str]:
    key = "NotPrincipal" if "NotPrincipal" in statement else "Principal"
    principal = statement.get(key, "")
    if isinstance(principal, Mapping):
        named = [f"{kind} {each}" for kind, value in principal.items() for each in _listed(value)]
    else:
        named = [str(principal)]
    return [f"all but {', '.join(named)}"] if key == "NotPrincipal" else named


def _not_covered(rights: set[Right], by: set[Right]) -> list[Right]:
    """Those of `rights` that no right in `by` includes."""
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
    """The right with its action as IAM compares it: in whatever case."""
    return replace(right, action=right.action.lower())


def _pattern(text: str) -> re.Pattern[str]:
    """IAM's wildcards: `*` matches any text, `?` any character."""
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _together(rights: Iterable[Right], *, denied_before: bool = False) -> Iterator[Gain]:
    """The rights with those in one that have their actions, and then their resources, in common."""
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
