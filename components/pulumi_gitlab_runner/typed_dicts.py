"""Validation of values against TypedDicts: their keys, and the types of their values.

A field is a TypedDict, `dict[str, T]`, `list[T]`, `str`, `int`, `float`, `bool` or `Any`, and may be
`Annotated` with a `Mark`. Every TypedDict is closed: an unknown key is a mismatch.

A library that validates any annotation, such as pydantic, needs a third of a second of every preview to load
and to compile these types; this validation of a declaration takes a few milliseconds.
"""

import ast
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from textwrap import dedent
from typing import Annotated, Any, NotRequired, Protocol, Required, get_args, get_origin, runtime_checkable

from typing_extensions import get_original_bases, get_type_hints, is_typeddict

Location = tuple[str | int, ...]
"""The location of a value: the keys and indexes that lead to it."""

UNKNOWN_KEY = "unknown key"
MISSING_KEY = "missing key"
KEY_TYPE = "type of the key"
TYPE = "type"


@dataclass(frozen=True)
class Mismatch:
    """A value or a key that does not match its type.

    Attributes:
        location: its location. The last part is the key if the key is unknown, missing or not text.
        reason: `UNKNOWN_KEY`, `MISSING_KEY`, `KEY_TYPE` (a mapping's keys are text), `TYPE`, or the reason of
            a mark.
        found: the value; the key for `KEY_TYPE`.
        expected: the expected type; for a missing key, the type of its value.
        tables: the TypedDicts that contain it, the outermost first.
    """

    location: Location
    reason: str
    found: object
    expected: Any
    tables: tuple[Any, ...]


@runtime_checkable
class Mark(Protocol):
    """The annotation of a field that also accepts other values than those of its type."""

    def fit(self, value: Any, inner: Callable[[Any], Any], refuse: Callable[[str], None]) -> Any:
        """The value in the form of the field.

        Args:
            value: the original value.
            inner: validates a value against the annotated type.
            refuse: reports a mismatch of the value, with the reason.
        """


def fitted(value: object, kind: Any) -> tuple[Any, list[Mismatch]]:
    """A value in the form of its type, and its mismatches; the value is valid only without any mismatch.

    Keys are in the order of the type. A whole number may be `3.0`, as it arrives from other languages, and a
    number may have no fraction.
    """
    fitting = _Fitting()
    return fitting.fit(value, kind, (), ()), fitting.mismatches


@cache
def fields_of(table: Any) -> dict[str, Any]:
    """The types of the keys of a TypedDict, without `Required` and `NotRequired`."""
    hints = get_type_hints(table, include_extras=True)
    return {name: _unwrapped(hint) for name, hint in hints.items()}


@cache
def field_docstrings(table: Any) -> dict[str, str]:
    """The docstrings of the fields of a TypedDict, and of those that it extends."""
    found: dict[str, str] = {}
    for base in filter(is_typeddict, get_original_bases(table)):
        found |= field_docstrings(base)
    (definition,) = ast.parse(dedent(inspect.getsource(table))).body
    assert isinstance(definition, ast.ClassDef)  # noqa: S101 - the source of a class
    for field, text in zip(definition.body, definition.body[1:], strict=False):
        match field, text:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(value=ast.Constant(value=str(docstring))):
                found[name] = inspect.cleandoc(docstring)
    return found


def _unwrapped(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) in (Required, NotRequired) else hint


class _Fitting:
    """One validation of a value."""

    def __init__(self) -> None:
        self.mismatches: list[Mismatch] = []

    def fit(self, value: Any, kind: Any, location: Location, tables: tuple[Any, ...]) -> Any:
        if kind is Any:
            return value
        origin = get_origin(kind)
        if origin is Annotated:
            annotated, *metadata = get_args(kind)
            marks = [mark for mark in metadata if isinstance(mark, Mark)]
            return self._marked(value, annotated, marks, location, tables)
        if is_typeddict(kind) and isinstance(value, Mapping):
            return self._table(value, kind, location, (*tables, kind))
        if origin is dict and isinstance(value, Mapping):
            (_, content) = get_args(kind)
            return {
                self._key(key, (*location, key), tables): self.fit(each, content, (*location, key), tables)
                for key, each in value.items()
            }
        if origin is list and isinstance(value, list):
            (item,) = get_args(kind)
            return [self.fit(each, item, (*location, index), tables) for index, each in enumerate(value)]
        if not isinstance(value, bool):
            if kind is float and isinstance(value, int):
                return float(value)
            if kind is int and isinstance(value, float) and value.is_integer():
                return int(value)
        if (
            kind in (str, int, float, bool)
            and isinstance(value, kind)
            and isinstance(value, bool) == (kind is bool)
        ):
            return value
        self.mismatches.append(Mismatch(location, TYPE, value, kind, tables))
        return value

    def _marked(
        self, value: Any, kind: Any, marks: list[Mark], location: Location, tables: tuple[Any, ...]
    ) -> Any:
        """The value of a field with marks; the last mark is the outermost."""
        if not marks:
            return self.fit(value, kind, location, tables)
        *others, outermost = marks

        def refuse(reason: str) -> None:
            self.mismatches.append(Mismatch(location, reason, value, kind, tables))

        return outermost.fit(value, lambda found: self._marked(found, kind, others, location, tables), refuse)

    def _table(self, value: Mapping[Any, Any], kind: Any, location: Location, tables: tuple[Any, ...]) -> Any:
        fields = fields_of(kind)
        found = {}
        for name, field in fields.items():
            if name in value:
                found[name] = self.fit(value[name], field, (*location, name), tables)
            elif name in kind.__required_keys__:
                self.mismatches.append(Mismatch((*location, name), MISSING_KEY, None, field, tables))
        for key, each in value.items():
            if key not in fields:
                self.mismatches.append(Mismatch((*location, key), UNKNOWN_KEY, each, None, tables))
        return found

    def _key(self, key: Any, location: Location, tables: tuple[Any, ...]) -> Any:
        if not isinstance(key, str):
            self.mismatches.append(Mismatch(location, KEY_TYPE, key, str, tables))
        return key
