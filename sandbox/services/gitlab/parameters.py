"""Validates a request's parameters against a declaration, as Grape does for GitLab.

A value is coerced to the parameter's type: a number to a string, `"yes"` to true, `"600"` to a number.
Sources: dry-types' `lib/dry/types/coercions/params.rb`; GitLab's
`lib/api/validations/types/comma_separated_to_array.rb` and
`lib/gitlab/middleware/handle_malformed_strings.rb`.

Stricter than GitLab on purpose: GitLab ignores an unknown parameter, the double refuses it by name, so that
a misspelt one is noticed.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from sandbox.services.gitlab.refusals import invalid_parameters

_TRUE = ("1", "on", "On", "ON", "t", "true", "True", "TRUE", "T", "y", "yes", "Yes", "YES", "Y")
_FALSE = ("0", "off", "Off", "OFF", "f", "false", "False", "FALSE", "F", "n", "no", "No", "NO", "N")


def text(value: Any) -> str:
    """A string; numbers and booleans are converted."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError


def integer(value: Any) -> int:
    """An integer, or its digits; a fraction is truncated."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]+", value):
        return int(value)
    raise ValueError


def boolean(value: Any) -> bool:
    """A boolean, or one of the words for it."""
    word = text(value)
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError


def texts(value: Any) -> list[str]:
    """A list of strings, or one string, all split at commas; surrounding white space is removed."""
    parts = value if isinstance(value, list) else [value] if isinstance(value, str) else []
    return [item.strip() for part in parts for item in text(part).split(",")]


def mapping(value: Any) -> dict[str, Any]:
    """An object."""
    if not isinstance(value, dict):
        raise ValueError
    return value


def mappings(value: Any) -> list[dict[str, Any]]:
    """A list of objects."""
    if not isinstance(value, list):
        raise ValueError
    return [mapping(item) for item in value]


@dataclass(frozen=True)
class Parameter:
    """One parameter of an endpoint.

    Args:
        name: the name in the request; `filter[environment_scope]` is nested.
        kind: converts the value, or raises ValueError.
        required: whether the parameter is required.
        values: the allowed values; empty allows all.
        nullable: whether null is allowed, which clears the attribute.
    """

    name: str
    kind: Callable[[Any], Any] = text
    required: bool = False
    values: tuple[str, ...] = ()
    nullable: bool = False


def read_parameters(parameters: Sequence[Parameter] = ()) -> dict[str, Any]:
    """The parameters of the current request by name, from its query string and its JSON or form body.

    Args:
        parameters: the declared parameters of the endpoint.

    Raises:
        RefusalError: 400 with every problem found: missing, invalid, without a valid value, unknown.
    """
    given = _given()
    if _malformed(given):
        raise invalid_parameters(["Bad Request"])
    found: dict[str, Any] = {}
    problems: list[str] = []
    for parameter in parameters:
        if parameter.name not in given:
            if parameter.required:
                problems.append(f"{parameter.name} is missing")
                if parameter.values:
                    problems.append(f"{parameter.name} does not have a valid value")
            continue
        value = given.pop(parameter.name)
        if value is None and parameter.nullable:
            found[parameter.name] = None
            continue
        try:
            found[parameter.name] = parameter.kind(value)
        except ValueError:
            problems.append(f"{parameter.name} is invalid")
            continue
        if parameter.values and found[parameter.name] not in parameter.values:
            problems.append(f"{parameter.name} does not have a valid value")
    problems += [f"{name} is not a parameter of this request" for name in sorted(given)]
    if problems:
        raise invalid_parameters(problems)
    return found


def _malformed(value: Any) -> bool:
    """Whether a string at any depth contains a NUL character, which GitLab refuses."""
    if isinstance(value, dict):
        return any(_malformed(each) for pair in value.items() for each in pair)
    if isinstance(value, list):
        return any(map(_malformed, value))
    return isinstance(value, str) and "\0" in value


def _given() -> dict[str, Any]:
    """All parameters of the current request but the token; nested ones are named `outer[inner]`."""
    given: dict[str, Any] = {**request.args.to_dict(), **request.form.to_dict()}
    given.pop("private_token", None)
    if request.mimetype == "application/json" and request.get_data():
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise invalid_parameters(
                ["The provided content-type 'application/json' is not valid JSON of an object"]
            )
        filters = body.pop("filter", None)
        if isinstance(filters, dict):
            body.update({f"filter[{name}]": value for name, value in filters.items()})
        given.update(body)
    return given
