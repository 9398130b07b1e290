"""The JSON Schema of a stack's file, with which editors complete and check what is written."""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import TypeAdapter
from typing_extensions import get_original_bases, get_type_hints, is_typeddict

from pulumi_gitlab_runner.config.schema import KEYS
from pulumi_gitlab_runner.config.spelling import fields_by_spelling
from pulumi_gitlab_runner.spec.config_toml import REFUSED_KEYS
from pulumi_gitlab_runner.spec.stack import StackDeclaration


def stack_file_schema() -> dict[str, Any]:
    """The schema of `Pulumi.STACK.yaml`; keys of the file that are Pulumi's own are left open."""
    kinds = list(_declarations(StackDeclaration))
    for kind in kinds:
        _read_docstrings(kind)
    schema = TypeAdapter(StackDeclaration).json_schema()
    definitions = schema.pop("$defs")
    for kind in kinds:
        if kind.__name__ in definitions:
            _describe(definitions[kind.__name__], _descriptions(kind))
    for table, keys in REFUSED_KEYS.items():
        for key in keys:
            del definitions[table.__name__]["properties"][key]
    for table in KEYS:
        if table.__name__ in definitions:
            _allow_spellings(definitions[table.__name__], table)
    _allow_beside(
        definitions["RegistryDeclaration"], "repositories", {"type": "array", "items": {"type": "string"}}
    )
    images = definitions["MirrorDeclaration"]["properties"]["images"]
    images["additionalProperties"] = {"anyOf": [images["additionalProperties"], {"type": "string"}]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack of pulumi-gitlab-runner",
        "type": "object",
        "properties": {
            "config": {"type": "object", "properties": {"gitlab-runner:stack": schema}},
        },
        "required": ["config"],
        "$defs": definitions,
    }


def _allow_spellings(definition: dict[str, Any], table: type) -> None:
    """Let a table of config.toml have the keys of the file, and a text in the place of a list of one."""
    properties = definition["properties"]
    for spelling, field in fields_by_spelling(table).items():
        if field in properties:
            properties[spelling] = properties[field]
    for field, key in KEYS[table].items():
        if key.go_type == "StringOrArray":
            _allow_beside(definition, field, {"type": "string"})


def _allow_beside(definition: dict[str, Any], key: str, form: dict[str, Any]) -> None:
    """Let a key of a definition have another form too; its description stays with the key."""
    known = definition["properties"][key]
    described = {name: known.pop(name) for name in ("title", "description") if name in known}
    definition["properties"][key] = {**described, "anyOf": [known, form]}


def _declarations(kind: Any) -> Iterator[Any]:
    """The classes of a declaration and of all that stands in it."""
    if is_typeddict(kind):
        yield kind
    for part in get_type_hints(kind).values() if is_typeddict(kind) else get_args(kind):
        yield from _declarations(part)


def _read_docstrings(kind: Any) -> None:
    """Have pydantic read the docstrings of a class and of those that it extends.

    They are not read otherwise, since pydantic parses their source for that.
    """
    kind.__pydantic_config__ = {**kind.__pydantic_config__, "use_attribute_docstrings": True}
    for base in filter(is_typeddict, get_original_bases(kind)):
        _read_docstrings(base)


def _descriptions(kind: Any) -> dict[str, str]:
    """What is said of each key of a declaration, in its class or in one that it extends.

    Pydantic reads a class's own docstrings alone.
    """
    found: dict[str, str] = {}
    for base in filter(is_typeddict, get_original_bases(kind)):
        found |= _descriptions(base)
    own = TypeAdapter(kind).json_schema().get("properties", {})
    return found | {key: each["description"] for key, each in own.items() if "description" in each}


def _describe(definition: dict[str, Any], descriptions: dict[str, str]) -> None:
    for key, known in definition.get("properties", {}).items():
        if key in descriptions:
            known.setdefault("description", descriptions[key])
