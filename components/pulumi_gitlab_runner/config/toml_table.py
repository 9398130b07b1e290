"""The base of every table of `config.toml` as a Python type.

Every field is marked `NotRequired` by itself: Pulumi's analyzer does not see `total=False` on a
`typing_extensions.TypedDict`. What the runner needs, `check` asks for.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

_Table = TypeVar("_Table")

NO_NAMES: Mapping[str, str] = MappingProxyType({})
_NAMES_IN_FILE: dict[Any, Mapping[str, str]] = {}


def toml_table(names: Mapping[str, str] = NO_NAMES) -> Callable[[type[_Table]], type[_Table]]:
    """Make a TypedDict a table of the file.

    Args:
        names: The TOML key of each field whose name differs from it, such as
            `{"tls_ca_file": "tls-ca-file"}`. Every other field is written under its own name.
    """

    def table(kind: type[_Table]) -> type[_Table]:
        _NAMES_IN_FILE[kind] = names
        return kind

    return table


def is_toml_table(kind: Any) -> bool:
    """Whether a type is a table of the file."""
    return kind in _NAMES_IN_FILE


def name_in_file(table: Any, field: str) -> str:
    """The TOML key of a field of a table."""
    return _NAMES_IN_FILE[table].get(field, field)
