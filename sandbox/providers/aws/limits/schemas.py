"""The CloudFormation registry schemas of AWS's resource types, as included in cfn-lint.

Only its data files are read: importing cfn-lint would dominate the start of a plugin.
"""

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_REGION = "us-east-1"
"""The region whose schemas are read: the supported types have the same schema in all regions."""

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class TypeSchema:
    """The schema of a resource type, `whole`; its references point to `definitions`."""

    whole: Schema
    definitions: Mapping[str, Schema]

    def resolved(self, schema: Schema) -> Schema:
        """A schema with a reference at its top level resolved."""
        while "$ref" in schema:
            kind, name = schema["$ref"].rsplit("/", 2)[-2:]
            schema = (self.definitions if kind == "definitions" else self.whole["properties"])[name]
        return schema


@cache
def type_schema(name: str) -> TypeSchema:
    """The schema of a type, such as ``AWS::IAM::Role``; an error if not found."""
    whole = json.loads((_directory() / "resources" / f"{_files()[name]}.json").read_text())
    return TypeSchema(whole, whole.get("definitions", {}))


def type_named(name: str) -> str | None:
    """The name of a type, given in any case; ``None`` if not found."""
    return _names().get(name.lower())


@cache
def _names() -> dict[str, str]:
    return {name.lower(): name for name in _files()}


@cache
def _files() -> dict[str, str]:
    files: dict[str, str] = json.loads((_directory() / "providers" / f"{_REGION}.json").read_text())
    return files


@cache
def _directory() -> Path:
    found = importlib.util.find_spec("cfnlint")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("cfn-lint, of the development requirements, is not installed")
    return Path(found.submodule_search_locations[0], "data", "schemas")
