"""Policy documents, and when two of them are equivalent."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.standin.properties import Json


def same_policy(old: str, new: str) -> bool:
    """Whether two policy documents are equivalent.

    As in the official provider, the order of statements and of list items does not matter, nor whether a
    single item is in a list, nor whether an account is given by its id or as its root principal.
    """
    return bool(_normal(json.loads(old)) == _normal(json.loads(new)))


@dataclass(frozen=True, kw_only=True)
class PolicyDocument(Json):
    """A policy document as JSON."""

    same: Callable[[Any, Any], bool] | None = same_policy


def _normal(document: dict[str, Any]) -> dict[str, Any]:
    statements = [_normal_statement(statement) for statement in _listed(document.get("Statement", []))]
    return {**document, "Statement": sorted(statements, key=lambda item: json.dumps(item, sort_keys=True))}


def _normal_statement(statement: dict[str, Any]) -> dict[str, Any]:
    normal = dict(statement)
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        if name in normal:
            normal[name] = sorted(map(str, _listed(normal[name])))
    for name in ("Principal", "NotPrincipal"):
        if name in normal:
            normal[name] = _normal_principal(normal[name])
    if "Condition" in normal:
        normal["Condition"] = {
            operator: {key: sorted(_text(value) for value in _listed(values)) for key, values in keys.items()}
            for operator, keys in normal["Condition"].items()
        }
    return normal


def _normal_principal(principal: Any) -> dict[str, list[str]]:
    if not isinstance(principal, dict):
        principal = {"AWS": principal}
    return {
        kind: sorted(_account(member) for member in _listed(members)) for kind, members in principal.items()
    }


def _account(member: str) -> str:
    parts = member.split(":")
    return parts[4] if len(parts) == 6 and parts[2] == "iam" and parts[5] == "root" else member


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
