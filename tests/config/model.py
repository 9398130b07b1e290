"""The typed model of config.toml, as sections and keys of the file."""

from typing import Any

from pulumi_gitlab_runner.config.manager import ManagerConfig
from pulumi_gitlab_runner.config.schema import KEYS as MODEL_KEYS
from pydantic import TypeAdapter

# With the keys of the file (serialization), and with the fields of the types (validation).
FILE_SCHEMA = TypeAdapter(ManagerConfig).json_schema(mode="serialization")
TYPE_SCHEMA = TypeAdapter(ManagerConfig).json_schema(mode="validation")


def table_names(schema: dict[str, Any], section: str = "(global)") -> dict[str, str]:
    """Map each section below a table to the name of its type."""
    names = {}
    name = schema.get("title", "")
    names[section] = name
    for key, value in schema["properties"].items():
        prefix = "" if section == "(global)" else section.removesuffix("[]") + "."
        if "$ref" in value:
            names |= table_names(definition_of(value), prefix + key)
        elif "$ref" in value.get("items", {}):
            suffix = "" if section == "(global)" else "[]"  # keys.json writes [[runners]] as `runners`
            names |= table_names(definition_of(value["items"]), prefix + key + suffix)
    return names


def definition_of(reference: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = FILE_SCHEMA["$defs"][reference["$ref"].rpartition("/")[2]]
    return found


SECTIONS = table_names(FILE_SCHEMA)
TYPES = {table.__name__: table for table in MODEL_KEYS}
# An instance nested in another is reached in the same way as one that is not.
REPEATED = "runners.autoscaler.vm_isolation.connector_config"


def properties(schema: dict[str, Any], table: str) -> dict[str, Any]:
    source = schema if table == "ManagerConfig" else schema["$defs"][table]
    found: dict[str, Any] = source["properties"]
    return found


def model_keys() -> set[tuple[str, str]]:
    """Every key of the model, with its section."""
    return {
        (section, key)
        for section, table in SECTIONS.items()
        if section != REPEATED
        for key in properties(FILE_SCHEMA, table)
    }
