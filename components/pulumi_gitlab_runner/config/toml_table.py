"""What every table of `config.toml` has in common as a Python type.

Every field is marked `NotRequired` by itself: Pulumi's analyzer does not see `total=False` on the
`typing_extensions.TypedDict` that pydantic needs before Python 3.12. What the runner needs, `check` asks for.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import AliasGenerator, ConfigDict

NO_NAMES: Mapping[str, str] = MappingProxyType({})


def toml_table(names: Mapping[str, str] = NO_NAMES) -> ConfigDict:
    """Return the pydantic configuration of a table: closed and documented.

    Args:
        names: The TOML key of each field whose name differs from it, such as
            `{"tls_ca_file": "tls-ca-file"}`. Every other field is written under its own name.
    """
    return ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        alias_generator=AliasGenerator(serialization_alias=lambda name: names.get(name, name)),
    )
