"""The typed model of config.toml, as sections and keys of the file."""

from typing import Any, get_args, get_origin

from pulumi_gitlab_runner.config.manager import ManagerConfig
from pulumi_gitlab_runner.config.toml_table import is_toml_table, name_in_file
from pulumi_gitlab_runner.typed_dicts import fields_of


def tables(table: Any = ManagerConfig, section: str = "(global)") -> dict[str, Any]:
    """Map a section, and each below it, to its type."""
    found = {section: table}
    prefix = "" if section == "(global)" else section.removesuffix("[]") + "."
    for field, kind in fields_of(table).items():
        (item,) = get_args(kind) if get_origin(kind) is list else (kind,)
        if is_toml_table(item):
            # keys.json writes [[runners]] as `runners`
            suffix = "[]" if item is not kind and prefix else ""
            found |= tables(item, prefix + name_in_file(table, field) + suffix)
    return found


SECTIONS = tables()
# An instance nested in another is reached in the same way as one that is not.
REPEATED = "runners.autoscaler.vm_isolation.connector_config"


def keys(table: Any) -> dict[str, str]:
    """The fields of a table, by their keys in the file."""
    return {name_in_file(table, field): field for field in fields_of(table)}


def model_keys() -> set[tuple[str, str]]:
    """Every key of the model, with its section."""
    return {
        (section, key) for section, table in SECTIONS.items() if section != REPEATED for key in keys(table)
    }
