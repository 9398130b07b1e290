"""JSON as Go's decoder takes it, which differs from Python's in what it lets pass."""

import json
from typing import Never

_WHITE_SPACE = " \t\r\n"


def decode(text: str, *, alone: bool = False) -> object:
    """The first JSON value of a text. None where there is only white space.

    Args:
        text: the text.
        alone: whether to refuse what follows the value. Docker's own files may have anything there.

    Raises:
        ValueError: the text does not start with a JSON value. The message never repeats it.
    """
    text = text.lstrip(_WHITE_SPACE)
    if not text:
        return None
    try:
        value, end = json.JSONDecoder(parse_constant=_refuse_constant).raw_decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON that can be read") from None
    if alone and text[end:].strip(_WHITE_SPACE):
        raise ValueError("it is more than one JSON value")
    return value


def fields(value: object, what: str) -> dict[str, object]:
    """The fields of a JSON object, their names in lower case: Go ignores case. None has no fields.

    Raises:
        ValueError: the value is not an object.
    """
    return {name.lower(): field for name, field in mapping(value, what).items()}


def text(value: object, what: str) -> str:
    """A JSON string; None is an empty one.

    Raises:
        ValueError: the value is not a string.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{what} is {_kind(value)}, not a string")
    return value


def mapping(value: object, what: str) -> dict[str, object]:
    """A JSON object whose keys are data, and so keep their case. None is an empty one.

    Raises:
        ValueError: the value is not an object.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"{what} is {_kind(value)}, not an object")
    return value


def _kind(value: object) -> str:
    """What a JSON value is, without saying what it holds."""
    kinds = {str: "a string", list: "a list", bool: "true or false", dict: "an object"}
    return kinds.get(type(value), "a number")


def _refuse_constant(_: str) -> Never:
    raise ValueError("NaN and infinity are not JSON")
