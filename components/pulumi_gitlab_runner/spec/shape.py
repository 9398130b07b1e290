"""The shape of a declaration: its keys and their types, checked against the declaration's own classes.

What a declaration means is checked beside each class. The types of `config.toml` are imported for a
declaration that has such a table: most single components have none.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, TypeVar, cast, get_origin

from pulumi_gitlab_runner.config.toml_table import is_toml_table
from pulumi_gitlab_runner.spec.inputs import Deferred
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, did_you_mean, join_path, listed
from pulumi_gitlab_runner.typed_dicts import KEY_TYPE, MISSING_KEY, UNKNOWN_KEY, Mismatch, fields_of, fitted

_Declaration = TypeVar("_Declaration")
_T = TypeVar("_T")

_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_EXPECTED = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a mapping",
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
        path: the declaration's own path, the first part of every problem's path.

    Raises:
        DeclarationError: for an unknown or missing key, or a value of a wrong type.
    """
    if unwritable := list(_unwritable(declaration, path)):
        raise DeclarationError(unwritable)
    shaped, mismatches = fitted(_normalised(declaration), kind)
    if mismatches:
        raise DeclarationError(_problem(each, path) for each in mismatches)
    return cast("_Declaration", shaped)


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


def _unwritable(value: Any, path: str) -> Iterator[Problem]:
    """Texts and numbers that nothing takes, of a declaration and its keys.

    Half a character has no bytes in UTF-8. A null byte ends every argument and variable of a process
    (execve(2)); PostgreSQL, so GitLab, has no text with one: postgresql.org/docs/current/datatype-character.
    TOML's whole numbers have 64 bits (toml.io/en/v1.0.0#integer), as Go's have, which the runner is written
    in, and GitLab's; and JSON has no infinity: RFC 8259, section 6.
    """
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _unwritable(str(key), path)
            yield from _unwritable(each, join_path(path, key))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _unwritable(each, join_path(path, index))
    elif isinstance(value, Deferred):
        if value.available:
            yield from _unwritable(value.source, path)
    elif isinstance(value, str) and _UNWRITABLE.search(value):
        # The text around it may be a secret.
        found = (
            "a null byte in the text" if "\0" in value else "half a character (a lone surrogate) in the text"
        )
        yield Problem(path, found, "text of whole characters, without null bytes")
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        yield Problem(path, "a number of more than 64 bits", f"{-(2**63)} to {2**63 - 1}")
    elif isinstance(value, float) and not isfinite(value):
        yield Problem(path, f"{value} (a number)", "a number that is finite")


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


def _problem(mismatch: Mismatch, path: str) -> Problem:
    location, found, within = mismatch.location, mismatch.found, mismatch.tables
    at = join_path(path, *location)
    if mismatch.reason == KEY_TYPE:
        return Problem(
            join_path(path, *location[:-1]), f"the key {found!r}", "text as a key", "put it in quotes"
        )
    if mismatch.reason == UNKNOWN_KEY:
        if is_toml_table(within[-1]):
            from pulumi_gitlab_runner.config.structure import unknown_key

            problem = unknown_key(within[-1], str(location[-1]), at)
            return Problem(at, problem.found, problem.fix)
        return _unknown_key(at, location[-1], list(fields_of(within[-1])))
    if mismatch.reason == MISSING_KEY:
        return _missing_key(join_path(path, *location[:-1]), str(location[-1]), list(fields_of(within[-1])))
    allowed = _EXPECTED.get(get_origin(mismatch.expected) or mismatch.expected, "a mapping")
    if isinstance(found, Deferred):
        return _not_plain(found, at, allowed, in_config=any(map(is_toml_table, within)))
    fix = "put it in quotes" if allowed == "text" and isinstance(found, int | float) else ""
    # Text in the place of a mapping or a list may be the text of all that belongs there, secrets too.
    whole = allowed in ("a mapping", "a list") or not _MAY_BE_SECRET.isdisjoint(location)
    return Problem(at, _kind(found) if whole else _described(found), allowed, fix)


def _not_plain(deferred: Deferred[Any], path: str, expected: str, *, in_config: bool) -> Problem:
    """The problem of a handle where only a plain value will do."""
    if deferred.encrypted:
        why = "a host's files contain no secret" if in_config else "this is no secret"
        remedy = f"{why}: pulumi config set --path, without --secret"
        return Problem(path, "an encrypted value", "a plain value", remedy)
    if in_config:
        why = "config.toml is checked as a whole at preview, so it takes no Outputs; and it holds no secret"
    else:
        why = "decides which resources exist, so it must be a plain value"
    return Problem(path, "an Output", expected, why)


def _unknown_key(path: str, key: str | int, known: Sequence[str]) -> Problem:
    fix = _REFUSED_KEYS.get(str(key)) or did_you_mean(str(key), known)
    return Problem(path, f"the key {key!r}, which is not known here", listed(known, "no keys"), fix)


def _missing_key(path: str, key: str, known: Sequence[str]) -> Problem:
    return Problem(path, f"no {key!r}", f"{key!r} is required", f"known: {listed(known)}")


def _described(value: Any) -> str:
    """The text for the value that was found: its kind, and a short value itself."""
    return f"{value!r} ({_kind(value)})" if isinstance(value, bool | int | float | str) else _kind(value)


def _kind(value: Any) -> str:
    return "nothing" if value is None else _EXPECTED.get(type(value), f"a {type(value).__name__}")
