"""The schema of a stand-in's package, which YAML programs and generated SDKs need.

It contains the resource types that the stand-in serves, with their supported properties, and no functions.
Object types of the official schema are ``pulumi.json#/Any`` here.
"""

from collections.abc import Mapping
from typing import Any

from .properties import Flag, Float, ListOf, MapOf, Number, Property, Text
from .provider import Resource, StandIn


def schema_of(provider: StandIn[Any]) -> dict[str, Any]:
    """The schema, with the names and import paths of the official provider."""
    return {
        "name": provider.package,
        "version": provider.version,
        # The official types' modules have the file in their names: ec2 of aws:ec2/vpc:Vpc.
        "meta": {"moduleFormat": "(.*)(?:/[^/]*)", "supportPack": True},
        "language": {"go": {"importBasePath": provider.go_module}} if provider.go_module else {},
        "provider": {"inputProperties": _described(provider.configuration)},
        "resources": {resource.token: _resource(resource) for resource in provider.resources},
    }


def _resource(resource: type[Resource[Any]]) -> dict[str, Any]:
    return {
        "inputProperties": _described(resource.inputs),
        "requiredInputs": [name for name, each in resource.inputs.items() if each.required],
        "properties": _described({**resource.inputs, **resource.outputs}),
        "required": [*resource.inputs, *resource.outputs],
    }


def _described(properties: Mapping[str, Property]) -> dict[str, Any]:
    return {
        name: _type(each) | ({"secret": True} if each.secret else {}) for name, each in properties.items()
    }


def _type(described: Property) -> dict[str, Any]:
    match described:
        case Text():
            return {"type": "string"}
        case Flag():
            return {"type": "boolean"}
        case Number():
            return {"type": "integer"}
        case Float():
            return {"type": "number"}
        case ListOf():
            return {"type": "array", "items": _type(described.item)}
        case MapOf():
            return {"type": "object", "additionalProperties": _type(described.item)}
        case _:
            return {"$ref": "pulumi.json#/Any"}
