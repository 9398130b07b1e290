"""The translation between a resource's properties and the shapes of the AWS APIs.

Names and types are those of the API's model in botocore, where ``roleArn`` may be ``RoleARN``. Properties
that an operation does not accept are left out of its parameters, so that one table serves several operations.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.standin.properties import Json, ListOf, MapOf, Object, Property, Text
from sandbox.standin.values import Properties


@dataclass(frozen=True, kw_only=True)
class TextFlag(Text):
    """A boolean that the official provider has as a string, to distinguish "false" from "not given"."""

    one_of: tuple[str, ...] = ("true", "false")


@dataclass(frozen=True, kw_only=True)
class OwnText(Text):
    """A string that the state keeps in the service's form, even if `same` accepts other forms."""

    def equal(self, old: Any, new: Any) -> bool:
        """Whether ``old`` and ``new`` are identical."""
        return bool(old == new)


def to_api(properties: Mapping[str, Property], values: Properties, shape: Any) -> dict[str, Any]:
    """``values`` of ``properties`` as the API's ``shape``, without empty values and unknown members."""
    request = {}
    for name, part in properties.items():
        there = alike(part.service_name or name, shape.members)
        if there and values.get(name) not in (None, "", [], {}):
            request[there] = _to_api(part, values[name], shape.members[there])
    return request


def from_api(properties: Mapping[str, Property], live: Mapping[str, Any]) -> Properties:
    """The values of ``properties`` in a response of the API; ``None`` for missing members."""
    found = {name: alike(part.service_name or name, live) for name, part in properties.items()}
    return {
        name: _from_api(properties[name], live[there]) if there else None for name, there in found.items()
    }


def alike(name: str, names: Iterable[str]) -> str | None:
    """The matching one of ``names``: case and a plural ending do not matter."""
    by_name = {each.lower(): each for each in names}
    plain = name.lower()
    for candidate in (plain, plain.removesuffix("s"), plain.removesuffix("es"), f"{plain}s", f"{plain}es"):
        if candidate in by_name:
            return by_name[candidate]
    return None


def _to_api(part: Property, value: Any, shape: Any) -> Any:
    kind = shape.type_name
    match part:
        case Object():
            return to_api(part.fields, value, shape)
        case MapOf() if kind == "list":
            key, text = list(shape.member.members)[:2]
            return [{key: name, text: each} for name, each in value.items()]
        case ListOf() if kind == "list":
            return [_to_api(part.item, each, shape.member) for each in value]
        case ListOf():
            return _to_api(part.item, value[0], shape)
    if kind == "list":
        return [_to_api(part, value, shape.member)]
    if isinstance(value, str):
        return {"boolean": value == "true", "integer": _number(value)}.get(kind, value)
    return value


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _pair(item: Mapping[str, str]) -> tuple[str, str]:
    """The key and the value of a list item, such as ``Key`` and ``Value``."""
    key = next(name for name in item if not name.lower().endswith("value"))
    return item[key], next((each for name, each in item.items() if name != key), "")


def _from_api(part: Property, value: Any) -> Any:
    if value in (None, "", [], {}):
        return None
    match part:
        case Object():
            read = from_api(part.fields, value)
            return {name: each for name, each in read.items() if each is not None}
        case MapOf() if isinstance(value, list):
            return dict(map(_pair, value))
        case ListOf():
            return [_from_api(part.item, each) for each in (value if isinstance(value, list) else [value])]
        case Json() if not isinstance(value, str):
            return json.dumps(value)
        case Text() if isinstance(value, bool):
            return "true" if value else "false"
        case Text() if isinstance(value, datetime):
            return value.strftime("%Y-%m-%dT%H:%M:%SZ")
        case _:
            return value
