"""The fix for keys that belong into another table of the declaration."""

import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from typing_extensions import is_typeddict

from pulumi_gitlab_runner.config.toml_table import is_toml_table
from pulumi_gitlab_runner.typed_dicts import Location, fields_of

_ONE_OF_MANY = re.compile(r"NAME|\[0\]")
_DEEPEST = 3
_MOST = 3
"""The maximum number of tables with the key: with more, the intended one is unknown."""


def right_place(location: Location, root: Any, *, of_many: bool = False) -> str:
    """The fix for a key that its table does not have: the table that has it; empty if that is ambiguous.

    Args:
        location: the location of the key below the root.
        root: the TypedDict at the start of the location.
        of_many: whether the table may be in a list or in a mapping by name, in which most keys exist
            somewhere.
    """
    key = location[-1]
    own, *outer = reversed(list(_tables_along(location, root)))
    for at, table in outer:
        if key in fields_of(table):
            return f"write it beside {location[at]!r}"
    for at, table in [own] if of_many else [own, *outer]:
        found = _below(key, table)
        if found and (of_many or not any(map(_ONE_OF_MANY.search, found))):
            beside = "" if at == own[0] else f", beside {location[at]!r}"
            return f"write it below {' or '.join(map(repr, found))}{beside}"
    return ""


def _tables_along(location: Location, root: Any) -> Iterator[tuple[int, Any]]:
    """The TypedDicts along a location, each with its depth in the location."""
    kind = root
    for depth, part in enumerate(location):
        if is_typeddict(kind):
            yield depth, kind
            kind = fields_of(kind).get(str(part))
        else:
            kind = get_args(kind)[-1]


def _below(key: Any, table: Any) -> list[str]:
    """The tables below a table that have the key; none if there are more than `_MOST`."""
    places: list[str] = []
    level = [("", table)]
    for _ in range(_DEEPEST):
        level = [nested for path, each in level for nested in _nested(path, each)]
        places += [path for path, each in level if key in fields_of(each) and not _refused(key, each)]
    return places if len(places) <= _MOST else []


def _nested(path: str, table: Any) -> Iterator[tuple[str, Any]]:
    for name, kind in fields_of(table).items():
        at, inner = f"{path}.{name}".removeprefix("."), kind
        while get_origin(inner) in (dict, list):
            at += ".NAME" if get_origin(inner) is dict else "[0]"
            inner = get_args(inner)[-1]
        if is_typeddict(inner) and not _refused(name, table):
            yield at, inner


def _refused(key: str, table: Any) -> bool:
    """Whether a key is one of a config.toml table that a declaration may not set."""
    if not is_toml_table(table):
        return False
    from pulumi_gitlab_runner.spec.config_toml import REFUSED_KEYS

    return key in REFUSED_KEYS.get(table, {})
