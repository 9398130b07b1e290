"""Values that a program may pass as an Output: their types in a declaration, and their handles in the model.

A field of type `Input[str]` accepts text, or an Output of text. Type checkers read `pulumi.Input[str]`;
`check_shape` and the schemas read the mark `InputType`. In the model an Output is a handle, `Deferred`:
components create it, and resolve it when its value is known. This module does not access Outputs.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, Generic, ParamSpec, TypeAlias, TypeVar, cast

from pulumi_gitlab_runner.spec.problems import Problem, join_path

_T = TypeVar("_T")
_Further = ParamSpec("_Further")


def strict(kind: type[_T]) -> type[_T]:
    """Mark a TypedDict as a declaration: an unknown key is an error (`typed_dicts`)."""
    return kind


Rule: TypeAlias = Callable[[_T], Iterable[Problem]]
"""A function that yields the problems of a value of the right type."""

ENCRYPTED = "encrypted"
"""The reason of a mismatch: an encrypted value in a field that is not a secret."""


class Deferred(Generic[_T]):
    """The handle of a value that is not part of the model: an Output of the program, or a secret.

    Attributes:
        path: its path in the declaration.
        source: the Output, or the secret itself.
        secret: whether it is a secret, even if the Output is not.
        encrypted: whether it is a `secure:` value of the stack's configuration.
        available: whether `source` is the value itself, so that its rules are checked immediately.
        type: the type of the value.
        rules: the rules to check when the value is known.
    """

    def __init__(
        self,
        path: str,
        source: object,
        *,
        secret: bool = False,
        encrypted: bool = False,
        available: bool = False,
    ) -> None:
        self.path = path
        self.source = source
        self.secret = secret
        self.encrypted = encrypted
        self.available = available
        self.type: Any = None
        self.rules: list[Rule[_T]] = []

    def __repr__(self) -> str:
        return f"<value of {self.path}>"

    def __str__(self) -> str:
        raise TypeError(f"{self.path} is not resolved yet")


Value: TypeAlias = _T | Deferred[_T]
"""A value of the model, or the handle of a value that is known later."""


@dataclass(frozen=True)
class InputType:
    """The mark of a field that also accepts an Output.

    Attributes:
        type: the type of the value.
        secret: whether it is a secret. A secret is always a handle in the model, so that it is never shown.
    """

    type: Any
    secret: bool = False

    def fit(self, value: Any, inner: Callable[[Any], Any], refuse: Callable[[str], None]) -> Any:
        """Accept values of the type, and any handle."""
        if not isinstance(value, Deferred):
            accepted = inner(value)
            if not self.secret:
                return accepted
            value = Deferred("", accepted, available=True)
        if value.encrypted and not self.secret:
            refuse(ENCRYPTED)
        value.type = self.type
        value.secret = self.secret
        return value


_DIGITS = re.compile("[0-9]{1,100}")  # Python refuses to convert thousands of digits


@dataclass(frozen=True)
class Identifier:
    """The mark of a GitLab ID, which is text in GitLab's provider: `gitlab.Group.id` is an Output of text."""

    def fit(self, value: Any, inner: Callable[[Any], Any], refuse: Callable[[str], None]) -> Any:
        """Accept a whole number, or its digits."""
        del refuse
        return inner(int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value)


@dataclass(frozen=True)
class _Subscript:
    secret: bool = False

    def __getitem__(self, item: Any) -> Any:
        return Annotated[item, InputType(item, self.secret)]


if TYPE_CHECKING:
    from pulumi import Input as Input

    SecretInput: TypeAlias = Input[_T]
    IdInput: TypeAlias = Input[int] | Input[str]
else:
    Input = _Subscript()
    """A value, or an Output of one."""
    SecretInput = _Subscript(secret=True)
    """A secret, or an Output of one."""
    IdInput = Input[Annotated[int, Identifier()]]
    """An ID in GitLab, or an Output of one."""


def value(declared: "Input[_T] | Deferred[_T]") -> Value[_T]:
    """The value of a field of type `Input` in a declaration that `check_shape` accepted."""
    return cast("Value[_T]", declared)


def optional(declared: "Input[_T] | None") -> Value[_T] | None:
    """The same for an optional field."""
    return cast("Value[_T] | None", declared)


def values(declared: "Iterable[Input[_T]]") -> tuple[Value[_T], ...]:
    """The same for a list of values."""
    return tuple(value(each) for each in declared)


def number(declared: "IdInput | Deferred[int]") -> Value[int]:
    """The same for a field of type `IdInput`."""
    return cast("Value[int]", declared)


def secret(declared: "Input[_T]") -> Deferred[_T]:
    """The same for a field of type `SecretInput`: always a handle."""
    return cast("Deferred[_T]", declared)


def known(given: Value[_T]) -> _T:
    """A value of a resolved model.

    Raises:
        TypeError: the value is still a handle.
    """
    if isinstance(given, Deferred):
        raise TypeError(f"{given.path} is not resolved yet")
    return given


def is_known(given: object) -> bool:
    """Whether a value of the model is known, and not a handle."""
    return not isinstance(given, Deferred)


def is_empty(given: object) -> bool:
    """Whether a value is known, and is empty."""
    if isinstance(given, Deferred):
        return given.available and not given.source
    return not given


def check(
    given: "Value[_T] | Input[_T]",
    problems: Callable[Concatenate[_T, _Further], Iterable[Problem]],
    *further: _Further.args,
    **named: _Further.kwargs,
) -> Iterator[Problem]:
    """The problems of a known value; an Output is checked when it is known.

    Args:
        given: the value.
        problems: yields the problems of the value, given the further arguments.
        further: these arguments, such as the path of the value.
        named: the same, by name.
    """
    if not isinstance(given, Deferred):
        yield from problems(cast("_T", given), *further, **named)
    elif given.available:
        yield from problems(cast("_T", given.source), *further, **named)
    else:
        given.rules.append(lambda value: problems(value, *further, **named))


def check_key(
    declaration: Mapping[str, Any],
    key: str,
    path: str,
    problems: Callable[Concatenate[Any, str, _Further], Iterable[Problem]],
    *further: _Further.args,
    **named: _Further.kwargs,
) -> Iterator[Problem]:
    """The problems of a key's value, or of each item of its list; none without the key. See `check`.

    Args:
        declaration: the declaration.
        key: the key.
        path: the path of the declaration.
        problems: yields the problems of a value or an item, given its path and the further arguments.
        further: these arguments.
        named: the same, by name.
    """
    given, at = declaration.get(key, []), join_path(path, key)
    if isinstance(given, list):
        for index, each in enumerate(given):
            yield from check(each, problems, join_path(at, index), *further, **named)
    else:
        yield from check(given, problems, at, *further, **named)


_Model = TypeVar("_Model")


def model_of(
    kind: type[_Model],
    declaration: Mapping[str, Any],
    parsers: Mapping[str, Callable[[Any], object]] = {},
    **own: object,
) -> _Model:
    """The model of a valid declaration: fields with the names of its keys; lists become tuples.

    Args:
        kind: the dataclass of the model. A field without a key has its default; other keys are ignored.
        declaration: the declaration.
        parsers: the functions that parse the value of a key.
        own: the fields that are not the value of one key.
    """
    names = {each.name for each in fields(kind)} - own.keys()  # type: ignore[arg-type]
    given = {
        key: parsers[key](each) if key in parsers else _shaped(each)
        for key, each in declaration.items()
        if key in names
    }
    return kind(**given, **own)


def models_of(kind: type[_Model], declared: Iterable[Mapping[str, Any]]) -> tuple[_Model, ...]:
    """The models of the valid declarations in a list; see `model_of`."""
    return tuple(model_of(kind, each) for each in declared)


def deferred_in(model: object) -> Iterator[Deferred[Any]]:
    """The handles in a model, except those of secrets."""
    if isinstance(model, Deferred):
        if not model.secret:
            yield model
        return
    for part in _parts(model):
        yield from deferred_in(part)


def substituted(model: _Model, values: Callable[[Deferred[Any]], Any]) -> _Model:
    """A model with values in place of its handles; the handles of secrets stay.

    Args:
        model: a dataclass, or a mapping or sequence of them.
        values: returns the value of a handle.
    """
    result: Any = model
    if isinstance(model, Deferred):
        result = model if model.secret else _shaped(values(model))
    elif is_dataclass(model) and not isinstance(model, type):
        changed = {
            each.name: substituted(before, values)
            for each in fields(model)
            if next(deferred_in(before := getattr(model, each.name)), None) is not None
        }
        result = replace(model, **changed) if changed else model
    elif isinstance(model, Mapping):
        result = {key: substituted(each, values) for key, each in model.items()}
    elif isinstance(model, list | tuple):
        result = type(model)(substituted(each, values) for each in model)
    return cast("_Model", result)


def _shaped(found: Any) -> Any:
    """A value in the form of the model, in which lists are tuples."""
    return tuple(found) if isinstance(found, list) else found


def _parts(model: object) -> Iterable[object]:
    if is_dataclass(model) and not isinstance(model, type):
        return (getattr(model, each.name) for each in fields(model))
    if isinstance(model, Mapping):
        return model.values()
    return model if isinstance(model, list | tuple) else ()
