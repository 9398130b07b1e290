"""Decodes JSON as Go does, which is more lenient than Python in some cases."""

import json
import re
from collections.abc import Iterable
from typing import Never

_WHITE_SPACE = " \t\r\n"


class _Object(dict[str, object]):
    """A JSON object that keeps duplicate fields.

    Attributes:
        pairs: all fields, in the order of the text.
    """

    def __init__(self, pairs: Iterable[tuple[str, object]] = ()) -> None:
        self.pairs = tuple(pairs)
        super().__init__(self.pairs)


def decode(text: str, *, alone: bool = False) -> object:
    """The first JSON value of a text; None if there is only white space.

    Args:
        text: the text.
        alone: whether text after the value is refused. Docker ignores it in its files.

    Raises:
        ValueError: the text does not start with a JSON value. The message never contains the text.
    """
    text = text.lstrip(_WHITE_SPACE)
    if not text:
        return None
    try:
        # Numbers are never used; as floats they may have any length.
        decoder = json.JSONDecoder(
            parse_int=float, parse_constant=_refuse_constant, object_pairs_hook=_object_of
        )
        value, end = decoder.raw_decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON that can be read") from None
    if alone and text[end:].strip(_WHITE_SPACE):
        raise ValueError("it is more than one JSON value")
    return value


def fields(value: object, what: str) -> dict[str, object]:
    """The fields of a JSON object, with names in lower case: Go ignores case, and treats ſ as s.

    None has no fields. Of duplicate fields, objects are merged, and null does not replace a string.

    Raises:
        ValueError: the value is not an object, or a duplicate field has conflicting types.
    """
    found: dict[str, object] = {}
    for written, field in _object(value, what).pairs:
        name = written.lower().replace("ſ", "s")
        before = found.get(name)
        if isinstance(before, _Object) and isinstance(field, _Object):
            found[name] = _Object((*before.pairs, *field.pairs))
        elif before is not None and field is not None and _kind(before) != _kind(field):
            raise ValueError(f"{what} has a field twice, as {_kind(before)} and as {_kind(field)}")
        elif not (isinstance(before, str) and field is None):
            found[name] = field
    return found


def text(value: object, what: str) -> str:
    """A JSON string; empty for None.

    Raises:
        ValueError: the value is not a string.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{what} is {_kind(value)}, not a string")
    return value


def mapping(value: object, what: str) -> dict[str, object]:
    """A JSON object whose keys are data and keep their case; empty for None.

    Raises:
        ValueError: the value is not an object.
    """
    return _object(value, what)


def items(value: object, what: str) -> list[object]:
    """The items of a JSON array; empty for None.

    Raises:
        ValueError: the value is not an array.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{what} is {_kind(value)}, not a list")
    return value


def _object_of(pairs: list[tuple[str, object]]) -> _Object:
    return _Object(
        (_whole(name), _whole(field) if isinstance(field, str) else field) for name, field in pairs
    )


def _whole(text: str) -> str:
    """A text in which lone surrogates, which cannot be encoded, are replaced as in Go."""
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)


def _object(value: object, what: str) -> _Object:
    if value is None:
        return _Object()
    if not isinstance(value, _Object):
        raise ValueError(f"{what} is {_kind(value)}, not an object")
    return value


def _kind(value: object) -> str:
    """The type of a JSON value, without its content."""
    kinds = {str: "a string", list: "a list", bool: "true or false", _Object: "an object"}
    return kinds.get(type(value), "a number")


def _refuse_constant(_: str) -> Never:
    raise ValueError("NaN and infinity are not JSON")
