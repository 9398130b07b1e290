"""Keys, types and values of a `config.toml`, each by itself, against the schema."""

import difflib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import ValidationError

from pulumi_gitlab_runner.config.finding import Finding, error, warning
from pulumi_gitlab_runner.config.manager import ManagerConfig, manager_type
from pulumi_gitlab_runner.config.schema import KEYS, OTHER_EXECUTORS_KEYS, REMOVED_KEYS, Key
from pulumi_gitlab_runner.config.version import RunnerVersion, parse_version

# By pydantic's name of the error.
_ALLOWED_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a table",
}
_TYPE_NAMES = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
    type(None): "nothing",
}


def check_types(config: Mapping[str, object]) -> Iterator[Finding]:
    """Find values of the wrong type. A value is never shown: it may be a secret in the wrong place."""
    try:
        manager_type().validate_python(config, strict=True)
    except ValidationError as problems:
        for problem in problems.errors(include_url=False):
            value = problem["input"]
            if problem["type"] in ("extra_forbidden", "invalid_key"):
                continue  # check_keys knows more about it
            if problem["type"] == "int_type" and isinstance(value, float) and value.is_integer():
                continue  # whole numbers from other languages arrive as floats
            found = _TYPE_NAMES.get(type(value), type(value).__name__)
            allowed = _ALLOWED_TYPES.get(problem["type"], problem["msg"])
            yield error(_path(problem["loc"]), f"found {found}", f"allowed is {allowed}")


def check_keys(
    config: Mapping[str, object], version: RunnerVersion, table: type = ManagerConfig, path: str = ""
) -> Iterator[Finding]:
    """Find keys that the runner's version does not know, and values outside a key's own limits."""
    for name, value in config.items():
        place = f"{path}.{name}".removeprefix(".")
        key = KEYS[table].get(name)
        if key is None:
            yield unknown_key(table, str(name), place)  # YAML allows numbers as keys
            continue
        if version < parse_version(key.since):
            yield error(
                place,
                f"the key is new in GitLab Runner {key.since}, and {version} would silently ignore it",
                f"leave it out, or declare runner version {key.since} or later",
            )
        if key.instead:
            yield warning(place, "the key is deprecated", f"use `{key.instead}`")
        yield from _check_value(key, value, place)
        for nested, content, nested_place in nested_tables(table, name, value, place):
            yield from check_keys(content, version, nested, nested_place)


def nested_tables(
    table: type, name: str, value: object, place: str
) -> Iterator[tuple[type, Mapping[str, object], str]]:
    """Yield each table that the value of a key holds, with its type before it and its place behind it."""
    nested = nested_table(table, name)
    if nested:
        for item, item_place in _items(value, place):
            if isinstance(item, Mapping):
                yield nested, item, item_place


def unknown_key(table: type, name: str, place: str) -> Finding:
    """Return what to say of a key that a table does not have."""
    if removed := REMOVED_KEYS.get(table, {}).get(name):
        return error(place, f"the key was removed after GitLab Runner {removed.last_in}", removed.mend)
    if name in OTHER_EXECUTORS_KEYS.get(table, ()):
        return error(place, "the key belongs to another executor", "leave it out")
    spellings = {_plain(key): key for key in KEYS[table]}
    for close in difflib.get_close_matches(_plain(name), spellings, n=1):
        return error(place, "unknown key", f"is `{spellings[close]}` meant?")
    return error(place, "unknown key", f"allowed are {_listed(sorted(KEYS[table]))}")


def _check_value(key: Key, value: object, place: str) -> Iterator[Finding]:
    for item, item_place in _items(value, place):
        if isinstance(item, str):
            if key.allowed and item not in key.allowed and not _is_unset(key, item):
                yield error(item_place, f"`{item}` is not known", f"allowed are {_listed(key.allowed)}")
            if key.form and not key.form.accepts(item):
                yield error(item_place, f"`{item}` is not understood", f"allowed is {key.form.allowed}")
        elif key.minimum is not None and isinstance(item, int | float) and item < key.minimum:
            yield error(item_place, f"{item:g} is too small", f"allowed is {key.minimum} or more")


def _is_unset(key: Key, text: str) -> bool:
    """Whether a text is as good as none: Go cannot tell an empty `string` from a key that is not there."""
    return not text and key.go_type in ("string", "S3AuthType")


def _items(value: object, place: str) -> Iterator[tuple[object, str]]:
    """Yield a value with its place, or each item of a list with its own."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield item, f"{place}[{index}]"
    else:
        yield value, place


@cache
def nested_table(table: type, name: str) -> type | None:
    """Return the type of the table that a key holds, or a list of them; None for any other key."""
    hint: Any = get_type_hints(table)[name]
    if get_origin(hint) is list:
        (hint,) = get_args(hint)
    return hint if hint in KEYS else None


def _plain(name: str) -> str:
    """Return a key without what differs between its spelling here and in `config.toml`."""
    return name.replace("_", "").lower()


def _path(location: tuple[int | str, ...]) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in location if step != "[key]")
    return "".join(steps).removeprefix(".")


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
