"""The JSON Schema of a stack's file, for completion and validation in editors."""

import inspect
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

from typing_extensions import is_typeddict

from pulumi_gitlab_runner.config.schema import KEYS
from pulumi_gitlab_runner.config.spelling import fields_by_spelling
from pulumi_gitlab_runner.config.toml_table import is_toml_table
from pulumi_gitlab_runner.spec.config_toml import REFUSED_KEYS
from pulumi_gitlab_runner.spec.inputs import Identifier, InputType
from pulumi_gitlab_runner.spec.stack import StackDeclaration
from pulumi_gitlab_runner.typed_dicts import field_docstrings, fields_of

_NAMES = {str: "string", int: "integer", float: "number", bool: "boolean"}
_SECURE = {
    "type": "object",
    "properties": {
        "secure": {"type": "string", "description": "Encrypted by `pulumi config set --secret --path`."}
    },
    "required": ["secure"],
    "additionalProperties": False,
}
"""The JSON Schema of an encrypted value (`secure:`)."""


def stack_file_schema() -> dict[str, Any]:
    """The schema of `Pulumi.STACK.yaml`; other keys of the file are not validated."""
    tables = {each.__name__: each for each in _tables(StackDeclaration)}
    stack = _object(tables.pop(StackDeclaration.__name__))
    definitions = {name: _object(table) for name, table in sorted(tables.items())}
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
            "config": {"type": "object", "properties": {"gitlab-runner:stack": stack}},
        },
        "required": ["config"],
        "$defs": definitions,
    }


def _tables(kind: Any) -> Iterator[Any]:
    """A TypedDict and all TypedDicts in it."""
    if is_typeddict(kind):
        yield kind
    for part in fields_of(kind).values() if is_typeddict(kind) else get_args(kind):
        yield from _tables(part)


def _object(table: Any) -> dict[str, Any]:
    """The schema of a TypedDict, with its docstring and those of its fields."""
    described = field_docstrings(table)
    properties = {
        name: _schema(kind) | {"description": described[name]}
        for name, kind in fields_of(table).items()
        if name not in REFUSED_KEYS.get(table, ())
    }
    found = {
        "type": "object",
        "title": table.__name__,
        "description": inspect.getdoc(table),
        "properties": properties,
        "required": [name for name in properties if name in table.__required_keys__],
        "additionalProperties": False,
    }
    if is_toml_table(table):
        _allow_spellings(found, table)
    return {key: value for key, value in found.items() if value != []}


def _schema(kind: Any) -> dict[str, Any]:
    """The schema of a type."""
    if is_typeddict(kind):
        return {"$ref": f"#/$defs/{kind.__name__}"}
    parts = get_args(kind)
    match get_origin(kind):
        case _ if kind is Any:
            return {}
        case origin if origin is Annotated:
            of_value, *marks = parts
            schema = _schema(of_value)
            for mark in marks:
                if isinstance(mark, Identifier):
                    schema = {"anyOf": [schema, {"type": "string", "pattern": "^[0-9]+$"}]}
                if isinstance(mark, InputType) and mark.secret:
                    schema = {"anyOf": [schema, _SECURE]}
            return schema
        case origin if origin is dict:
            _, of_value = parts
            content = _schema(of_value)
            return {"type": "object", "additionalProperties": content or True}
        case origin if origin is list:
            [of_item] = parts
            return {"type": "array", "items": _schema(of_item)}
        case _:
            return {"type": _NAMES[kind]}


def _allow_spellings(definition: dict[str, Any], table: type) -> None:
    """Allow the file's spelling of keys in a table of config.toml, and text in place of a list of one."""
    properties = definition["properties"]
    for spelling, field in fields_by_spelling(table).items():
        if field in properties:
            properties[spelling] = properties[field]
    for field, key in KEYS[table].items():
        if key.go_type == "StringOrArray":
            _allow_beside(definition, field, {"type": "string"})


def _allow_beside(definition: dict[str, Any], key: str, form: dict[str, Any]) -> None:
    """Allow another form of a key of a definition; the description stays with the key."""
    known = definition["properties"][key]
    description = known.pop("description")
    definition["properties"][key] = {"anyOf": [known, form], "description": description}
