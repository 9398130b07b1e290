"""The registry schemas of AWS's resource types, as cfn-lint carries them.

Only its data is read: importing cfn-lint itself would take a plugin longer than all else that it does.
"""

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_REGION = "us-east-1"
"""The region whose schemas are read: every type that is used here has the same one in all regions."""

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class TypeSchema:
    """The schema of a resource type: its properties are `whole`'s, its references lead into `definitions`."""

    whole: Schema
    definitions: Mapping[str, Schema]

    def resolved(self, schema: Schema) -> Schema:
        """A schema in the place of a reference to it."""
        while "$ref" in schema:
            kind, name = schema["$ref"].rsplit("/", 2)[-2:]
            schema = (self.definitions if kind == "definitions" else self.whole["properties"])[name]
        return schema


@cache
def type_schema(name: str) -> TypeSchema:
    """The schema of a type, such as ``AWS::IAM::Role``; an error if there is none."""
    whole = json.loads((_directory() / "resources" / f"{_files()[name]}.json").read_text())
    return TypeSchema(whole, whole.get("definitions", {}))


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
