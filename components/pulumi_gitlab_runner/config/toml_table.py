"""The decorator of the types of `config.toml`'s tables.

Each field is marked `NotRequired`: Pulumi's analyzer does not see `total=False` on a
`typing_extensions.TypedDict`. `check` reports missing keys that the runner requires.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

_Table = TypeVar("_Table")

NO_NAMES: Mapping[str, str] = MappingProxyType({})
_NAMES_IN_FILE: dict[Any, Mapping[str, str]] = {}


def toml_table(names: Mapping[str, str] = NO_NAMES) -> Callable[[type[_Table]], type[_Table]]:
    """Declare a TypedDict as a table of the file.

    Args:
        names: The TOML keys of the fields whose names differ from them, such as
            `{"tls_ca_file": "tls-ca-file"}`. The TOML key of any other field is its name.
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
