"""Property values between the engine's protocol and plain Python.

The engine sends properties as a protobuf ``Struct``. Inside a stand-in they are plain Python: ``None``,
``bool``, ``int``, ``float``, ``str``, ``list`` and ``dict``; `UNKNOWN` is a value that is unknown during a
preview.

A stand-in tells the engine that it does not accept secrets, as the official providers do. The engine then
sends secrets in plain text, and marks outputs with the same names as secret again. `encode` wraps the values
that only the provider knows to be secret.

Source of the wire format: Pulumi's provider protocol (``sdk/go/common/resource/plugin/rpc.go``).
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Final

from google.protobuf import struct_pb2


class Unknown(Enum):
    """The type of `UNKNOWN`."""

    UNKNOWN = "a value that is not known yet"


UNKNOWN: Final = Unknown.UNKNOWN
"""A value that is unknown during a preview."""

Properties = dict[str, Any]
"""Properties of a resource, by name; every value is plain Python or `UNKNOWN`."""

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS = frozenset(
    {
        _UNKNOWN_TEXT,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)


def decode(struct: struct_pb2.Struct) -> Properties:
    """The properties in ``struct`` as plain Python. Nulls are left out; secrets are unwrapped."""
    properties = {name: _decode(value) for name, value in struct.fields.items()}
    return {name: value for name, value in properties.items() if value is not None}


def encode(properties: Mapping[str, Any], secrets: Iterable[str] = ()) -> struct_pb2.Struct:
    """``properties`` as a ``Struct``; those named in ``secrets`` are marked as secret. Nulls are left out."""
    struct = struct_pb2.Struct()
    for name, value in properties.items():
        if value is None:
            continue
        if name in secrets:
            value = {_SIGNATURE: _SECRET, "value": value}
        struct.fields[name].CopyFrom(_encode(value))
    return struct


def is_known(value: Any) -> bool:
    """Whether ``value`` contains no `UNKNOWN`, at any depth."""
    if isinstance(value, Mapping):
        return all(is_known(item) for item in value.values())
    if isinstance(value, list):
        return all(is_known(item) for item in value)
    return value is not UNKNOWN


def _decode(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "bool_value":
            return value.bool_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
        case "list_value":
            return [_decode(item) for item in value.list_value.values]
        case "struct_value":
            fields = value.struct_value.fields
            if _SIGNATURE in fields and fields[_SIGNATURE].string_value == _SECRET:
                return _decode(fields["value"])
            return decode(value.struct_value)
        case _:
            return None


def _encode(value: Any) -> struct_pb2.Value:
    match value:
        case Unknown():
            return struct_pb2.Value(string_value=_UNKNOWN_TEXT)
        case bool():
            return struct_pb2.Value(bool_value=value)
        case int() | float():
            return struct_pb2.Value(number_value=value)
        case str():
            return struct_pb2.Value(string_value=value)
        case list() | tuple():
            return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_encode(item) for item in value]))
        case Mapping():
            return struct_pb2.Value(struct_value=encode(value))
        case None:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        case _:
            raise TypeError(f"a property cannot hold a {type(value).__name__}")
