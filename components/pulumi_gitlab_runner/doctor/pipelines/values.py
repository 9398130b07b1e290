"""Values of a pipeline's YAML, which may have other types than GitLab accepts."""

from collections.abc import Collection
from typing import Any


def mapping(value: object) -> dict[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Any]:
    """The value if it is a list; none as an empty list, any other value as a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def inner(value: object) -> Collection[Any]:
    """The values in a mapping or in a list; none in any other value."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
