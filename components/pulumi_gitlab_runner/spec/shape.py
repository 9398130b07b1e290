"""The shape of a declaration: its keys and their types, checked against the declaration's own classes.

What a declaration means is checked beside each class; here is only what pydantic can say, in our words. The
types of `config.toml` are imported for a declaration that has such a table, or a problem: most single
components have neither.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NotRequired, Required, TypeVar, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from typing_extensions import get_type_hints, is_typeddict

from pulumi_gitlab_runner.spec.inputs import Deferred
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, did_you_mean, join_path, listed

_Declaration = TypeVar("_Declaration")
_T = TypeVar("_T")

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "typed_dict_type": "a mapping",
    "mapping_type": "a mapping",
}

_MAY_BE_SECRET = {
    "static",
    "deploy_token",
    "upstream_credentials",
    "access_key",
    "secrets",
    "value",
    "config",
    "token",
    "tokens",
}
"""Keys whose values are not shown."""

_INTERNAL_PART = re.compile(r"function-(wrap|before)\[")
"""Parts of pydantic's places that are no keys of the declaration."""

_REFUSED_KEYS = {
    "credsStore": "credsStore is asked about every registry, so it breaks public pulls: "
    "declare each registry under stack.registries instead, with how it authenticates",
    "credHelpers": "the credential helpers are made from stack.registries: declare the registry there",
}


def check_shape(declaration: Any, kind: type[_Declaration], path: str) -> _Declaration:
    """The declaration, with keys and types as `kind` has them.

    Whole numbers that arrive as ``3.0`` (every number of another language does) become ``3``, and
    ``config`` has its fields' names and forms (`as_fields`),
    ``repositories: [a, b]`` becomes ``repositories: {a: {}, b: {}}``, and ``images: {a: "nginx:1"}``
    ``images: {a: {image: "nginx:1"}}``.

    Args:
        declaration: plain values, as read from YAML or given by a program.
        kind: the TypedDict that it must fit.
        path: where the declaration stands, the first part of every problem's path.

    Raises:
        DeclarationError: for an unknown or missing key, or a value of a wrong type.
    """
    plain = _normalised(declaration)
    try:
        # mypy takes a TypedDict's class for unhashable.
        shaped: _Declaration = _validator(kind).validate_python(plain, strict=True)  # type: ignore[arg-type]
    except ValidationError as error:
        raise DeclarationError(_problem(details, kind, path) for details in error.errors()) from None
    return shaped


def checked(
    declaration: Any,
    kind: type[_Declaration],
    path: str,
    problems: Callable[[_Declaration, str], Iterable[Problem]],
) -> _Declaration:
    """The declaration, of the shape of `kind` and without any of these problems.

    Raises:
        DeclarationError: otherwise, with every problem.
    """
    shaped = check_shape(declaration, kind, path)
    if found := list(problems(shaped, path)):
        raise DeclarationError(found)
    return shaped


def known_value(deferred: Deferred[_T], found: Any) -> _T:
    """The value of an Output, now that it is known.

    Args:
        deferred: its handle in the model.
        found: what the Output resolved to.

    Raises:
        DeclarationError: it has another type than its field, or breaks a rule of it.
    """
    if deferred.type is None:
        return found  # type: ignore[no-any-return]
    shaped: _T = check_shape(found, deferred.type, deferred.path)
    if problems := [problem for rule in deferred.rules for problem in rule(shaped)]:
        raise DeclarationError(problems)
    return shaped


@cache
def _validator(kind: Any) -> TypeAdapter[Any]:
    """Pydantic's validator of a class: to make one takes a tenth of a second, so each is made once."""
    return TypeAdapter(kind)


def _normalised(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _written_out(key, _normalised(child)) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_normalised(child) for child in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _written_out(key: str, value: Any) -> Any:
    if key == "repositories" and isinstance(value, list) and all(isinstance(name, str) for name in value):
        return {name: {} for name in value}
    if key == "config" and isinstance(value, dict):
        from pulumi_gitlab_runner.config.runner import RunnerConfig
        from pulumi_gitlab_runner.config.spelling import as_fields

        return as_fields(value, RunnerConfig)  # a host's `config` has no key with two spellings
    if key == "images" and isinstance(value, dict):
        return {name: {"image": each} if isinstance(each, str) else each for name, each in value.items()}
    return value


def _problem(details: ErrorDetails, kind: type, path: str) -> Problem:
    place = tuple(part for part in details["loc"] if not _INTERNAL_PART.match(str(part)))
    if place[-1:] == ("[key]",):
        name = place[-2]
        return Problem(join_path(path, *place[:-2]), f"the key {name!r}", "text as a key", "put it in quotes")
    at = join_path(path, *place)
    if details["type"] == "extra_forbidden":
        table = _type_at(kind, place[:-1])
        if _is_config(table):
            from pulumi_gitlab_runner.config.structure import unknown_key

            told = unknown_key(table, str(place[-1]), at)
            return Problem(at, told.found, told.mend)
        return _unknown_key(at, str(place[-1]), list(get_type_hints(table)))
    if details["type"] == "missing":
        known = list(get_type_hints(_type_at(kind, place[:-1])))
        return _missing_key(join_path(path, *place[:-1]), str(place[-1]), known)
    if isinstance(details["input"], Deferred):
        return _not_plain(details["input"], at, _EXPECTED.get(details["type"], ""), kind, place)
    allowed = _EXPECTED.get(details["type"], details["msg"])
    mend = "put it in quotes" if allowed == "text" and isinstance(details["input"], int | float) else ""
    found = details["input"]
    # Text in the place of a mapping or a list may be the text of all that belongs there, secrets too.
    whole = allowed in ("a mapping", "a list") or not _MAY_BE_SECRET.isdisjoint(place)
    return Problem(at, _kind(found) if whole else _described(found), allowed, mend)


def _not_plain(
    deferred: Deferred[Any], path: str, expected: str, kind: Any, place: tuple[int | str, ...]
) -> Problem:
    """The problem of a handle where only a plain value will do."""
    in_config = any(_is_config(_type_at(kind, place[:depth])) for depth in range(len(place)))
    if deferred.encrypted:
        why = "a host's files hold no secret" if in_config else "this is no secret"
        remedy = f"{why}: pulumi config set --path, without --secret"
        return Problem(path, "an encrypted value", "a plain value", remedy)
    if in_config:
        why = "config.toml is checked as a whole at preview, so it takes no Outputs; and it holds no secret"
    else:
        why = "decides which resources exist, so it must be a plain value"
    return Problem(path, "an Output", expected or "a plain value", why)


def _is_config(kind: Any) -> bool:
    """Whether a class is a table of `config.toml`."""
    from pulumi_gitlab_runner.config.schema import KEYS

    return kind in KEYS


def _unknown_key(path: str, key: str, known: Sequence[str]) -> Problem:
    mend = _REFUSED_KEYS.get(key) or did_you_mean(key, known)
    return Problem(path, f"the key {key!r}, which is not known here", listed(known, "no keys"), mend)


def _missing_key(path: str, key: str, known: Sequence[str]) -> Problem:
    return Problem(path, f"no {key!r}", f"{key!r} is required", f"known: {listed(known)}")


def _described(value: Any) -> str:
    """What was found: a short value itself, and what kind of value it is."""
    return f"{value!r} ({_kind(value)})" if isinstance(value, bool | int | float | str) else _kind(value)


def _kind(value: Any) -> str:
    names = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "text",
        dict: "a mapping",
        list: "a list",
    }
    return "nothing" if value is None else names.get(type(value), f"a {type(value).__name__}")


def _type_at(kind: Any, place: tuple[int | str, ...]) -> Any:
    """The type of what stands at a place."""
    for part in place:
        kind = get_type_hints(kind)[str(part)] if is_typeddict(kind) else get_args(kind)[-1]
        while get_origin(kind) in (NotRequired, Required):
            kind = get_args(kind)[0]
    return kind
