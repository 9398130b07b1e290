"""Translates between a resource's properties and the shapes of the AWS APIs, by their description.

The API's name of a property is its own with a capital, or its ``service_name``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sandbox.providers.aws.resource import tag_list, tag_map
from sandbox.standin.properties import ListOf, MapOf, Object, Property, Text
from sandbox.standin.values import Properties


@dataclass(frozen=True, kw_only=True)
class TextFlag(Text):
    """A boolean that the official provider writes as text, to tell "false" from "not given"."""

    one_of: tuple[str, ...] = ("true", "false")


@dataclass(frozen=True)
class TagMap(MapOf):
    """Tags, which the API has as a list of keys and values."""

    key: ClassVar[str] = "Key"


@dataclass(frozen=True)
class DimensionMap(TagMap):
    """The dimensions of a metric, which the API has as a list of names and values."""

    key: ClassVar[str] = "Name"


def to_api(properties: Mapping[str, Property], values: Properties) -> dict[str, Any]:
    """``values`` of ``properties`` in the API's shape; what has no value is left out."""
    return {
        _api_name(name, part): _to_api(part, values[name])
        for name, part in properties.items()
        if values.get(name) not in (None, "", [], {})
    }


def from_api(properties: Mapping[str, Property], shape: Mapping[str, Any]) -> Properties:
    """The values of ``properties`` in the API's ``shape``; ``None`` for what it does not have."""
    return {name: _from_api(part, shape.get(_api_name(name, part))) for name, part in properties.items()}


def _api_name(name: str, part: Property) -> str:
    return part.service_name or name[0].upper() + name[1:]


def _to_api(part: Property, value: Any) -> Any:
    match part:
        case TextFlag():
            return value == "true"
        case TagMap():
            return tag_list(value, part.key)
        case Object():
            return to_api(part.fields, value)
        case ListOf():
            return [_to_api(part.item, item) for item in value]
        case _:
            return value


def _from_api(part: Property, value: Any) -> Any:
    if value in (None, "", [], {}):
        return None
    match part:
        case TextFlag():
            return "true" if value else "false"
        case TagMap():
            return tag_map(value, part.key)
        case Object():
            read = from_api(part.fields, value)
            return {name: item for name, item in read.items() if item is not None}
        case ListOf():
            return [_from_api(part.item, item) for item in value]
        case _:
            return value
