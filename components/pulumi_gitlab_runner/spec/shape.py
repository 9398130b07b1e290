"""The shape of a declaration: its keys and their types, validated against its TypedDicts.

The module of each TypedDict checks the values. The types of `config.toml` are imported only for a declaration
with such a table: most single components have none.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin

from typing_extensions import is_typeddict

from pulumi_gitlab_runner.config.toml_table import is_toml_table
from pulumi_gitlab_runner.spec.inputs import Deferred
from pulumi_gitlab_runner.spec.misplaced import right_place
from pulumi_gitlab_runner.spec.problems import (
    DeclarationError,
    Problem,
    did_you_mean,
    join_path,
    listed,
    refuse,
)
from pulumi_gitlab_runner.typed_dicts import (
    KEY_TYPE,
    MISSING_KEY,
    UNKNOWN_KEY,
    Location,
    Mismatch,
    field_docstrings,
    fields_of,
    fitted,
)

_Declaration = TypeVar("_Declaration")
_T = TypeVar("_T")
_Problems = Callable[[_Declaration, str], Iterable[Problem]]
"""Validates the values of a declaration; with its path."""

_NUMBER = re.compile("-?[0-9]{1,100}")
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_EXPECTED = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a mapping",
}

_FEW = 6
"""The maximum number of keys of a mapping that a message lists."""
_STRINGIFIED = "Calling __str__ on an Output[T] is not supported"
"""A part of the text of a Pulumi Output in an f-string: pulumi/output.py."""

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
"""The keys whose values may be secrets, which messages do not show."""

_REFUSED_KEYS = {
    "credsStore": "Docker uses credsStore for every registry, so it breaks public pulls: "
    "declare each registry under `registries` instead, with its authentication",
    "credHelpers": "credHelpers follows from `registries`: declare the registry there",
}


def check_shape(
    declaration: Any, kind: type[_Declaration], path: str, own_problems: _Problems[_Declaration] | None = None
) -> _Declaration:
    """The declaration, validated and converted to the keys and types of `kind`.

    ``3.0``, as whole numbers arrive from other languages, becomes ``3``; the keys and values of ``config``
    are converted by `as_fields`; ``repositories: [a, b]`` becomes ``repositories: {a: {}, b: {}}``; and
    ``images: {a: "nginx:1"}`` becomes ``images: {a: {image: "nginx:1"}}``.

    Args:
        declaration: plain values, from YAML or from a program.
        kind: the TypedDict of the declaration.
        path: the prefix of the problems' paths.
        own_problems: validates the parts of a declaration, each without the others; used if only some have
            the right keys and types.

    Raises:
        DeclarationError: a key is unknown or missing, or a value has a wrong type.
    """
    if unwritable := list(_unwritable(declaration, path)):
        raise DeclarationError(unwritable)
    shaped, mismatches = fitted(_normalised(declaration, kind), kind)
    if mismatches:
        missing = _keys_by_table(mismatches, MISSING_KEY)
        unknown = _keys_by_table(mismatches, UNKNOWN_KEY)
        found = []
        for each in mismatches:
            table = each.location[:-1]
            lone = len(missing[table]) == len(unknown[table]) == 1
            meant = missing[table][0] if lone and each.reason == UNKNOWN_KEY else ""
            found.append(_problem(each, path, None if missing[table] else kind, meant))
        if own_problems and isinstance(shaped, dict):
            found += own_problems(_intact(shaped, kind, mismatches), path)
        raise DeclarationError(found)
    return cast("_Declaration", shaped)


def _intact(shaped: Mapping[str, Any], kind: Any, mismatches: Iterable[Mismatch]) -> Any:
    """The parts of a declaration without a mismatch: keys, and in a mapping such as `runners`, its names."""
    broken = {each.location[:2] for each in mismatches}
    keys = {location[0] for location in broken}
    intact: dict[str, Any] = {}
    for key, value in shaped.items():
        if key not in keys:
            intact[key] = value
        elif isinstance(value, dict) and get_origin(fields_of(kind)[key]) is dict:
            intact[key] = {name: part for name, part in value.items() if (key, name) not in broken}
    return intact


def checked(
    declaration: Any,
    kind: type[_Declaration],
    path: str,
    problems: _Problems[_Declaration],
    own_problems: _Problems[_Declaration] | None = None,
) -> _Declaration:
    """The declaration, validated by `check_shape` and by the function `problems`.

    Raises:
        DeclarationError: the declaration has problems; contains all of them, or those of `check_shape`.
    """
    shaped = check_shape(declaration, kind, path, own_problems)
    if found := list(problems(shaped, path)):
        raise DeclarationError(found)
    return shaped


def known_value(deferred: Deferred[_T], found: Any) -> _T:
    """The validated value of an Output.

    Args:
        deferred: the handle of the Output in the model.
        found: the resolved value of the Output.

    Raises:
        DeclarationError: the value has a wrong type, or violates a rule of its field.
    """
    if deferred.type is None:
        return found  # type: ignore[no-any-return]
    shaped: _T = check_shape(found, deferred.type, deferred.path)
    refuse(problem for rule in deferred.rules for problem in rule(shaped))
    return shaped


def _unwritable(value: Any, path: str) -> Iterator[Problem]:
    """The problems of strings and numbers that files and APIs cannot represent.

    A lone surrogate has no encoding in UTF-8. A null byte ends an argument or a variable of a process
    (execve(2)), and PostgreSQL, the database of GitLab, does not store it:
    postgresql.org/docs/current/datatype-character. Integers have 64 bits in TOML (toml.io/en/v1.0.0#integer),
    in Go, the language of the runner, and in GitLab. JSON has no infinity: RFC 8259, section 6.
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
        # The rest of the text may be a secret.
        found = (
            "a null byte in the text" if "\0" in value else "half a character (a lone surrogate) in the text"
        )
        yield Problem(path, found, "text of whole characters, without null bytes")
    elif isinstance(value, str) and _STRINGIFIED in value:
        fix = "use pulumi.Output.format, pulumi.Output.concat or apply"
        yield Problem(path, "text with an Output in it, such as from an f-string", "text, or an Output", fix)
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        yield Problem(path, "a number of more than 64 bits", f"{-(2**63)} to {2**63 - 1}")
    elif isinstance(value, float) and not isfinite(value):
        yield Problem(path, f"{value} (a number)", "a finite number")


def _normalised(value: Any, kind: Any) -> Any:
    """The value with whole numbers and short forms converted.

    The type says where a short form may be, since any name in a declaration may equal a key.
    """
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if isinstance(value, Mapping):
        if is_toml_table(kind):
            from pulumi_gitlab_runner.config.spelling import as_fields

            return as_fields(_normalised(value, Any), kind)
        if is_typeddict(kind):
            fields = fields_of(kind)
            return {
                key: _normalised(_written_out(key, each), fields[key])
                if key in fields
                else _normalised(each, Any)
                for key, each in value.items()
            }
        content = get_args(kind)[1] if get_origin(kind) is dict else Any
        return {name: _normalised(each, content) for name, each in value.items()}
    if isinstance(value, list | tuple):
        item = get_args(kind)[0] if get_origin(kind) is list else Any
        return [_normalised(each, item) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _written_out(key: str, value: Any) -> Any:
    """The value of a key of the declaration, with its short form written out."""
    if (
        key == "repositories"
        and isinstance(value, list | tuple)
        and all(isinstance(name, str) for name in value)
    ):
        return {name: {} for name in value}
    if key == "images" and isinstance(value, Mapping):
        return {name: {"image": each} if isinstance(each, str) else each for name, each in value.items()}
    return value


def _keys_by_table(mismatches: Iterable[Mismatch], reason: str) -> Mapping[Location, list[str]]:
    """The keys of the mismatches of one kind, by the location of their table."""
    found: dict[Location, list[str]] = defaultdict(list)
    for each in mismatches:
        if each.reason == reason:
            found[each.location[:-1]].append(str(each.location[-1]))
    return found


def _problem(mismatch: Mismatch, path: str, root: Any, meant: str) -> Problem:
    """The problem of a mismatch.

    Args:
        mismatch: the mismatch.
        path: the path of the declaration.
        root: the TypedDict of the declaration, of which another table may have an unknown key; None if the
            key may be a misspelt required one.
        meant: the required key that is meant by an unknown key, if it can be no other.
    """
    location, found, within = mismatch.location, mismatch.found, mismatch.tables
    at = join_path(path, *location)
    if mismatch.reason == KEY_TYPE:
        return Problem(
            join_path(path, *location[:-1]), f"the key {found!r}", "text as a key", "put it in quotes"
        )
    if mismatch.reason == UNKNOWN_KEY:
        if is_toml_table(within[-1]):
            from pulumi_gitlab_runner.config.structure import UNKNOWN, unknown_key

            problem = unknown_key(within[-1], str(location[-1]), at)
            place = right_place(location, root) if root and problem.found == UNKNOWN else ""
            return Problem(at, problem.found, "", place or problem.fix)
        return _unknown_key(at, location, within, root, meant)
    if mismatch.reason == MISSING_KEY:
        key = str(location[-1])
        required = f"{key!r} is required{_documented(key, within)}"
        return Problem(join_path(path, *location[:-1]), f"no {key!r}", required)
    allowed = _EXPECTED.get(get_origin(mismatch.expected) or mismatch.expected, "a mapping")
    if isinstance(found, Deferred):
        return _not_plain(found, at, allowed, in_config=any(map(is_toml_table, within)))
    # Text in place of a mapping or list may be its serialized content, including secrets.
    whole = allowed in ("a mapping", "a list") or not _MAY_BE_SECRET.isdisjoint(location)
    # Repositories may be a list of names, which their docstring says.
    fix = "" if location[-1:] == ("repositories",) else _fix_of_type(found, mismatch.expected, allowed)
    if is_typeddict(mismatch.expected) and 0 < len(fields_of(mismatch.expected)) <= _FEW:
        allowed += f" with {listed(fields_of(mismatch.expected))}"
    if not fix:
        allowed += _documented(_field(location, within), within)
    return Problem(at, _kind(found) if whole else _described(found), allowed, fix)


def _fix_of_type(found: Any, expected: Any, allowed: str) -> str:
    """The fix for a value of a wrong type that can easily be converted; else empty."""
    if isinstance(found, bool | int | float):
        return "put it in quotes" if allowed == "text" else ""
    if isinstance(found, list) and get_origin(expected) is dict:
        return "give each item a name: {NAME: …}"
    if isinstance(found, Mapping) and allowed == "a list":
        (item,) = get_args(expected)
        return "put it in square brackets" if is_typeddict(item) and found.keys() & fields_of(item) else ""
    if not isinstance(found, str):
        return ""
    if expected is int and _NUMBER.fullmatch(found):
        return "write it without quotes"
    if allowed == "a list":
        return "put it in square brackets"
    required = expected.__required_keys__ if is_typeddict(expected) else ()
    of_text = [key for key in required if get_args(fields_of(expected)[key])[:1] == (str,)]
    return f"write {{{of_text[0]}: …}}" if len(required) == len(of_text) == 1 else ""


def _field(location: Location, within: Sequence[Any]) -> str:
    """The field of the innermost table that contains a value."""
    fields = fields_of(within[-1]) if within else {}
    return next((str(part) for part in reversed(location) if part in fields), "")


def _documented(field: str, within: Sequence[Any]) -> str:
    """The first sentence of a field's docstring, as a suffix of what is allowed."""
    try:
        text = field_docstrings(within[-1]).get(field, "") if field else ""
    except OSError:  # the package is installed without its source
        text = ""
    first = re.split(r"(?<=[.])\s", " ".join(text.split()))[0].removesuffix(".")
    return first and f": {first}"


def _not_plain(deferred: Deferred[Any], path: str, expected: str, *, in_config: bool) -> Problem:
    """The problem of a handle in a field that accepts only plain values."""
    if deferred.encrypted:
        why = "a host's files contain no secrets" if in_config else "the value is not a secret"
        remedy = f"{why}: pulumi config set --path, without --secret"
        return Problem(path, "an encrypted value", "a plain value", remedy)
    if in_config:
        why = "config.toml is validated in a preview, so it accepts no Outputs; and it contains no secrets"
    else:
        why = "decides which resources exist, so it must be a plain value"
    return Problem(path, "an Output", expected, why)


def _unknown_key(path: str, location: Location, within: Sequence[Any], root: Any, meant: str) -> Problem:
    key, known = location[-1], list(fields_of(within[-1]))
    fix = _REFUSED_KEYS.get(str(key), "")
    if root and not fix:
        fix = right_place(location, root)
    fix = fix or did_you_mean(str(key), known) or (meant and f"did you mean {meant!r}?")
    if root and not fix:
        fix = right_place(location, root, of_many=True)
    return Problem(path, f"the key {key!r}, which is not known here", listed(known, "no keys"), fix)


def _described(value: Any) -> str:
    """The description of a found value: its type, and a scalar value itself."""
    return f"{value!r} ({_kind(value)})" if isinstance(value, bool | int | float | str) else _kind(value)


def _kind(value: Any) -> str:
    return "nothing" if value is None else _EXPECTED.get(type(value), f"a {type(value).__name__}")
