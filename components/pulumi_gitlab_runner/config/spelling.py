"""Converts between the keys and forms of `config.toml` and the fields of its types.

Sources: the `toml` tags of the runner's configuration structs; `StringOrArray` in common/config.go (19.4).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from pulumi_gitlab_runner.config.schema import KEYS
from pulumi_gitlab_runner.config.structure import nested_table
from pulumi_gitlab_runner.config.toml_table import name_in_file


def as_fields(config: Mapping[str, Any], table: type) -> dict[str, Any]:
    """A table of `config.toml` with the field names and forms of its type.

    A key may be spelled as in the file (`BucketName`, `tls-ca-file`) or as its field (`bucket_name`). A text
    becomes a list with one item if the runner accepts both, and a TOML datetime becomes text. Everything else
    is unchanged, valid or not: `check` reports it.

    Args:
        config: the table, as declared or as read from a file.
        table: the type of the table, such as `RunnerConfig`.
    """
    found: dict[str, Any] = {}
    for name, value in config.items():
        field = fields_by_spelling(table).get(name, name)
        if field != name and field in config:
            field = name  # both spellings: the second is reported as unknown
        found[field] = _value(value, table, field)
    return found


def as_keys(table_data: Mapping[str, Any], table: type) -> dict[str, Any]:
    """A table of `config.toml` with the keys of the file.

    Args:
        table_data: the table, with the fields of its type.
        table: the type of the table, such as `RunnerConfig`.
    """
    return {
        name_in_file(table, field): _in_tables(value, nested_table(table, field), as_keys)
        for field, value in table_data.items()
    }


def _value(value: Any, table: type, field: str) -> Any:
    if field not in KEYS[table]:
        return value
    if KEYS[table][field].go_type == "StringOrArray" and isinstance(value, str):
        return [value] if value else []
    if isinstance(value, datetime):
        return value.isoformat()
    return _in_tables(value, nested_table(table, field), as_fields)


def _in_tables(value: Any, nested: type | None, spelt: Callable[[Mapping[str, Any], type], Any]) -> Any:
    """The value of a key, with the keys of the tables in it converted."""
    if nested is None:
        return value
    if isinstance(value, Mapping):
        return spelt(value, nested)
    if isinstance(value, list):
        return [spelt(each, nested) if isinstance(each, Mapping) else each for each in value]
    return value


@cache
def fields_by_spelling(table: type) -> dict[str, str]:
    """The fields of a table that have another key in the file, by that key."""
    spelled = {name_in_file(table, field): field for field in KEYS[table]}
    return {name: field for name, field in spelled.items() if name != field}
