"""What the runner takes in several forms, brought to the one form of the types.

Sources: the `toml` tags of the runner's configuration structs; `StringOrArray` in common/config.go (19.4).
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from pydantic import AliasGenerator, ConfigDict

from pulumi_gitlab_runner.config.schema import KEYS
from pulumi_gitlab_runner.config.structure import nested_table


def as_fields(config: Mapping[str, Any], table: type) -> dict[str, Any]:
    """A table of `config.toml` under the names and with the forms of its type.

    A key may be spelt as in the file (`BucketName`, `tls-ca-file`) or as its field (`bucket_name`). A text
    stands for a list of one where the runner takes both, and a TOML datetime for its text. All else
    stays, wrong or not: `check` reports it.

    Args:
        config: the table, as declared or as read from a file.
        table: its type, such as `RunnerConfig`.
    """
    found: dict[str, Any] = {}
    for name, value in config.items():
        field = fields_by_spelling(table).get(name, name)
        if field != name and field in config:
            field = name  # both spellings: the second is reported as unknown
        found[field] = _value(value, table, field)
    return found


def _value(value: Any, table: type, field: str) -> Any:
    if field not in KEYS[table]:
        return value
    if KEYS[table][field].go_type == "StringOrArray" and isinstance(value, str):
        return [value] if value else []
    if isinstance(value, datetime):
        return value.isoformat()
    if nested := nested_table(table, field):
        if isinstance(value, Mapping):
            return as_fields(value, nested)
        if isinstance(value, list):
            return [as_fields(each, nested) if isinstance(each, Mapping) else each for each in value]
    return value


@cache
def fields_by_spelling(table: type) -> dict[str, str]:
    """The fields of a table whose keys in the file have other names, by those names."""
    configuration: ConfigDict = vars(table)["__pydantic_config__"]
    generator = configuration["alias_generator"]
    assert isinstance(generator, AliasGenerator)  # noqa: S101 - `toml_table` makes it
    alias = generator.serialization_alias or str
    return {alias(field): field for field in KEYS[table] if alias(field) != field}
