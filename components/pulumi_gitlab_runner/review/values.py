"""Values of a preview and of a stack file, which may have any type."""

from collections.abc import Mapping
from typing import Any


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def tables(value: Any) -> list[Mapping[str, Any]]:
    """The mappings in a list; none in any other value."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def named_tables(value: Any) -> dict[str, Mapping[str, Any]]:
    """The mappings in a mapping, by key; none in any other value."""
    return {str(key): each for key, each in mapping(value).items() if isinstance(each, Mapping)}
