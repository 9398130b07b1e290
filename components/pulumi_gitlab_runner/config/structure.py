"""Checks each key, type and value of a `config.toml` against the schema."""

import difflib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args, get_origin

from pulumi_gitlab_runner.config.finding import Finding, error, warning
from pulumi_gitlab_runner.config.manager import ManagerConfig
from pulumi_gitlab_runner.config.schema import KEYS, OTHER_EXECUTORS_KEYS, REMOVED_KEYS, Key
from pulumi_gitlab_runner.config.toml_table import is_toml_table
from pulumi_gitlab_runner.runner_version import RunnerVersion
from pulumi_gitlab_runner.typed_dicts import KEY_TYPE, TYPE, fields_of, fitted

UNKNOWN = "unknown key"

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
    """Find values of the wrong type. A finding never contains a value: it may be a misplaced secret."""
    for mismatch in fitted(config, ManagerConfig)[1]:
        if mismatch.reason in (TYPE, KEY_TYPE):  # `check_keys` reports unknown keys
            found, expected = type(mismatch.found), get_origin(mismatch.expected) or mismatch.expected
            allowed = "a table" if is_toml_table(expected) else _TYPE_NAMES[expected]
            yield error(
                _path(mismatch.location),
                f"found {_TYPE_NAMES.get(found, found.__name__)}",
                f"allowed is {allowed}",
            )


def check_keys(
    config: Mapping[str, object], version: RunnerVersion, table: type = ManagerConfig, path: str = ""
) -> Iterator[Finding]:
    """Find keys that the runner's version does not support, and values outside a key's limits."""
    for name, value in config.items():
        at = f"{path}.{name}".removeprefix(".")
        key = KEYS[table].get(name)
        if key is None:
            yield unknown_key(table, str(name), at)  # YAML allows numbers as keys
            continue
        if version < RunnerVersion.parse(key.since):
            yield error(
                at,
                f"the key is new in GitLab Runner {key.since}, and {version} would silently ignore it",
                f"leave it out, or declare runner version {key.since} or later",
            )
        if key.instead:
            yield warning(at, "the key is deprecated", f"use `{key.instead}`")
        yield from _check_value(key, value, at)
        for nested, content, nested_at in nested_tables(table, name, value, at):
            yield from check_keys(content, version, nested, nested_at)


def nested_tables(
    table: type, name: str, value: object, at: str
) -> Iterator[tuple[type, Mapping[str, object], str]]:
    """Yield each table in the value of a key, with its type and its path."""
    nested = nested_table(table, name)
    if nested:
        for item, item_at in _items(value, at):
            if isinstance(item, Mapping):
                yield nested, item, item_at


def unknown_key(table: type, name: str, at: str) -> Finding:
    """Return the finding for a key that a table does not have."""
    if removed := REMOVED_KEYS.get(table, {}).get(name):
        return error(at, f"the key was removed after GitLab Runner {removed.last_in}", removed.fix)
    if name in OTHER_EXECUTORS_KEYS.get(table, ()):
        return error(at, "the key belongs to another executor", "leave it out")
    spellings = {_plain(key): key for key in KEYS[table]}
    for close in difflib.get_close_matches(_plain(name), spellings):
        return error(at, UNKNOWN, f"is `{spellings[close]}` meant?")
    return error(at, UNKNOWN, f"allowed are {_listed(sorted(KEYS[table]))}")


def _check_value(key: Key, value: object, at: str) -> Iterator[Finding]:
    for item, item_at in _leaves(value, at):
        if isinstance(item, str):
            if key.allowed and not _is_allowed(key, item) and not _is_unset(key, item):
                yield error(item_at, f"`{item}` is not known", f"allowed are {_listed(key.allowed)}")
            if key.form and not key.form.accepts(item):
                yield error(item_at, f"`{item}` is not understood", f"allowed is {key.form.allowed}")
        elif isinstance(item, int | float):
            if key.minimum is not None and item < key.minimum:
                yield error(item_at, f"{item:g} is too small", f"allowed is {key.minimum} or more")
            elif key.maximum is not None and item > key.maximum:
                yield error(item_at, f"{item:g} is too large", f"allowed is {key.maximum} or less")
            elif key.go_type.lstrip("*") in ("int", "int64") and not -(2**63) <= item < 2**63:
                yield error(item_at, "the number does not fit into 64 bits", "choose a smaller one")


def _is_allowed(key: Key, text: str) -> bool:
    if key.ignores_case:
        return text.lower() in map(str.lower, key.allowed)
    return text in key.allowed


def _is_unset(key: Key, text: str) -> bool:
    """Whether a text counts as missing: Go does not distinguish an empty `string` from a missing key."""
    return not text and key.go_type in ("string", "S3AuthType")


def _items(value: object, at: str) -> Iterator[tuple[object, str]]:
    """Yield a value with its path, or each item of a list with the item's path."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield item, f"{at}[{index}]"
    else:
        yield value, at


def _leaves(value: object, at: str) -> Iterator[tuple[object, str]]:
    """Yield a value with its path, or each value in a list or in a table of any keys with its path."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{at}.{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{at}[{index}]")
    else:
        yield value, at


@cache
def nested_table(table: type, name: str) -> type | None:
    """Return the type of the table, or of the tables in a list, in a key's value; None for other keys."""
    hint: Any = fields_of(table)[name]
    if get_origin(hint) is list:
        (hint,) = get_args(hint)
    return hint if hint in KEYS else None


def _plain(name: str) -> str:
    """Return a key in a form that is the same for the field and for the key of `config.toml`."""
    return name.replace("_", "").lower()


def _path(location: tuple[int | str, ...]) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return "".join(steps).removeprefix(".")


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
