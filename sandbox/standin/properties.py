"""The kinds of properties of a resource: the values that each accepts, and when two values are equal.

A resource type describes its inputs as a mapping from a property's name to one of the classes below::

    inputs = {
        "name": Text(replaces=True, maximum_length=64),
        "imageTagMutability": Text(default="MUTABLE", one_of=("MUTABLE", "IMMUTABLE")),
        "imageScanningConfiguration": Object({"scanOnPush": Flag(required=True)}),
        "tags": MapOf(Text()),
    }

The description serves three purposes: `Property.check` refuses what is not described and fills in defaults,
`Property.changes` decides between an update and a replacement, and a read keeps the declared form of a value
that has not changed. The rules are those of the official providers: an absent value, an empty one and the
default are equal.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .values import UNKNOWN


@dataclass(frozen=True)
class Failure:
    """A check failure of a property.

    ``path`` is the path of the property, as in ``tags.Name`` or ``rules[0].id``; ``reason`` is the message,
    without the value of a secret.
    """

    path: str
    reason: str


class Kind(Enum):
    """The kind of a change; the values are the names in the engine's protocol."""

    ADD = "ADD"
    DELETE = "DELETE"
    UPDATE = "UPDATE"


@dataclass(frozen=True)
class Change:
    """A changed property at ``path``; ``replaces`` if the change requires a replacement of the resource."""

    path: str
    kind: Kind
    replaces: bool

    @property
    def property(self) -> str:
        """The name of the resource's property that contains ``path``."""
        return root(self.path)


@dataclass(frozen=True, kw_only=True)
class Property:
    """The base class of the kinds of properties.

    - ``required``: a value must be given.
    - ``replaces``: a change replaces the resource (Terraform's ForceNew).
    - ``default``: the value if none is given.
    - ``computed``: the service chooses a value if none is given (Terraform's Optional and Computed).
    - ``secret``: the value is encrypted in the state, and never part of a message.
    - ``conflicts_with``: properties of the same resource that cannot be combined with it.
    - ``write_only``: the value is sent to the service and left out of the outputs; a change of this property
      alone is no difference.
    - ``service_name``: its name in the service's API, if that does not follow from the property's name.
    - ``same``: a function that compares two values, if equality is too strict.
    """

    required: bool = False
    replaces: bool = False
    default: Any = None
    computed: bool = False
    secret: bool = False
    conflicts_with: Sequence[str] = ()
    write_only: bool = False
    service_name: str = ""
    same: Callable[[Any, Any], bool] | None = None

    def check(self, value: Any, path: str, failures: list[Failure]) -> Any:
        """``value`` in its normal form, with defaults; problems are appended to ``failures``."""
        if value is None:
            value = self.default
        if value is None:
            if self.required:
                failures.append(Failure(path, "a value is required, and none was given"))
            return None
        return value if value is UNKNOWN else self._check(value, path, failures)

    def changes(self, old: Any, new: Any, path: str) -> Iterator[Change]:
        """The changes from ``old`` to ``new``; none if they are equal."""
        if self.write_only or (new is None and self.computed):
            return
        old = self.default if old is None else old
        new = self.default if new is None else new
        if old == new or (not old and not new):
            return
        if UNKNOWN in (old, new):
            yield self._change(old, new, path)
            return
        if self.same and old and new and self.same(old, new):
            return
        for change in self._changes(old, new, path):
            yield Change(change.path, change.kind, change.replaces or self.replaces)

    def equal(self, old: Any, new: Any) -> bool:
        """Whether ``old`` and ``new`` are equal."""
        return not any(self.changes(old, new, ""))

    def _check(self, value: Any, path: str, failures: list[Failure]) -> Any:
        raise NotImplementedError

    def _changes(self, old: Any, new: Any, path: str) -> Iterator[Change]:
        yield self._change(old, new, path)

    def _change(self, old: Any, new: Any, path: str) -> Change:
        kind = Kind.ADD if _is_empty(old) else Kind.DELETE if _is_empty(new) else Kind.UPDATE
        return Change(path, kind, self.replaces)

    def _refuse(self, value: Any, allowed: str, path: str, failures: list[Failure]) -> None:
        failures.append(Failure(path, refusal(value, allowed, secret=self.secret)))


@dataclass(frozen=True, kw_only=True)
class Text(Property):
    """A string. Numbers and booleans are converted to strings, as by the official providers.

    ``one_of`` lists the allowed values; ``pattern`` is a regular expression for the whole value, and
    ``pattern_meaning`` describes it in messages; lengths are in characters.
    """

    one_of: Sequence[str] = ()
    pattern: str = ""
    pattern_meaning: str = ""
    minimum_length: int = 0
    maximum_length: int | None = None

    def _check(self, value: Any, path: str, failures: list[Failure]) -> Any:
        if isinstance(value, bool):
            value = "true" if value else "false"
        if isinstance(value, int | float):
            value = str(value)
        if not isinstance(value, str):
            self._refuse(value, "a string", path, failures)
        elif self.one_of and value not in self.one_of:
            self._refuse(value, _one_of(self.one_of), path, failures)
        elif self.pattern and not re.fullmatch(self.pattern, value):
            self._refuse(value, self.pattern_meaning or f"what matches {self.pattern}", path, failures)
        elif len(value) < self.minimum_length:
            self._refuse(value, f"a string of at least {self.minimum_length} characters", path, failures)
        elif self.maximum_length is not None and len(value) > self.maximum_length:
            self._refuse(value, f"a string of at most {self.maximum_length} characters", path, failures)
        return value


def same_json(old: str, new: str) -> bool:
    """Whether two JSON documents hold the same data."""
    return bool(json.loads(old) == json.loads(new))


@dataclass(frozen=True, kw_only=True)
class Json(Text):
    """A JSON document as a string; the order of keys and white space do not matter."""

    same: Callable[[Any, Any], bool] | None = same_json

    def _check(self, value: Any, path: str, failures: list[Failure]) -> Any:
        try:
            json.loads(value)
        except (TypeError, ValueError):
            self._refuse(value, "a JSON document", path, failures)
        return value


@dataclass(frozen=True, kw_only=True)
class Flag(Property):
    """A boolean; the strings "true" and "false" are converted, as by the official providers."""

    def _check(self, value: Any, path: str, failures: list[Failure]) -> Any:
        value = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
        if not isinstance(value, bool):
            self._refuse(value, "true or false", path, failures)
        return value


@dataclass(frozen=True, kw_only=True)
class Number(Property):
    """A whole number; a string of digits is converted, as by the official providers.

    ``minimum`` and ``maximum`` bound it; ``one_of`` lists the allowed values.
    """

    minimum: int | None = None
    maximum: int | None = None
    one_of: Sequence[int] = ()

    def _check(self, value: Any, path: str, failures: list[Failure]) -> Any:
        if isinstance(value, str) and re.fullmatch(r"-?\d+", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self._refuse(value, "a whole number", path, failures)
        elif self.one_of and value not in self.one_of:
            self._refuse(value, _one_of(self.one_of), path, failures)
        elif self.minimum is not None and value < self.minimum:
            self._refuse(value, f"a number of at least {self.minimum}", path, failures)
        elif self.maximum is not None and value > self.maximum:
            self._refuse(value, f"a number of at most {self.maximum}", path, failures)
        return value


@dataclass(frozen=True, kw_only=True)
class Float(Property):
    """A number, whole or not; a string is converted, as by the official providers."""

    def _check(self, value: Any, path: str, failures: list[Failure]) -> Any:
        if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._refuse(value, "a number", path, failures)
        return value


@dataclass(frozen=True)
class ListOf(Property):
    """A list of ``item``; its order matters. ``minimum_items`` and ``maximum_items`` bound its length."""

    item: Property
    minimum_items: int = field(default=0, kw_only=True)
    maximum_items: int | None = field(default=None, kw_only=True)

    def _check(self, value: Any, path: str, failures: list[Failure]) -> Any:
        if not isinstance(value, list):
            self._refuse(value, "a list", path, failures)
            return value
        if len(value) < self.minimum_items:
            failures.append(Failure(path, f"{len(value)} items; at least {self.minimum_items} are required"))
        if self.maximum_items is not None and len(value) > self.maximum_items:
            failures.append(Failure(path, f"{len(value)} items; at most {self.maximum_items} are allowed"))
        return [self.item.check(item, f"{path}[{index}]", failures) for index, item in enumerate(value)]

    def _changes(self, old: Any, new: Any, path: str) -> Iterator[Change]:
        if not isinstance(old, list) or not isinstance(new, list) or len(old) != len(new):
            yield self._change(old, new, path)
            return
        for index, (old_item, new_item) in enumerate(zip(old, new, strict=True)):
            yield from self.item.changes(old_item, new_item, f"{path}[{index}]")


@dataclass(frozen=True)
class SetOf(ListOf):
    """A list of ``item`` whose order does not matter."""

    def _changes(self, old: Any, new: Any, path: str) -> Iterator[Change]:
        if not isinstance(old, list) or not isinstance(new, list) or not self._pairs_up(old, new):
            yield self._change(old, new, path)

    def _pairs_up(self, old: list[Any], new: list[Any]) -> bool:
        """Whether every item of one list has an equal item in the other."""
        unmatched = list(old)
        for item in new:
            match = next((candidate for candidate in unmatched if self.item.equal(candidate, item)), None)
            if match is None:
                return False
            unmatched.remove(match)
        return not unmatched


@dataclass(frozen=True)
class MapOf(Property):
    """A mapping from strings to ``item``."""

    item: Property

    def _check(self, value: Any, path: str, failures: list[Failure]) -> Any:
        if not isinstance(value, Mapping):
            self._refuse(value, "a mapping", path, failures)
            return value
        return {key: self.item.check(item, below(path, key), failures) for key, item in value.items()}

    def _changes(self, old: Any, new: Any, path: str) -> Iterator[Change]:
        old, new = old or {}, new or {}
        for key in sorted({*old, *new}):
            if key not in old or key not in new:
                yield self._change(old.get(key), new.get(key), below(path, key))
            else:
                yield from self.item.changes(old[key], new[key], below(path, key))


@dataclass(frozen=True)
class Object(Property):
    """An object with the properties ``fields`` and no others."""

    fields: Mapping[str, Property]

    def _check(self, value: Any, path: str, failures: list[Failure]) -> Any:
        if not isinstance(value, Mapping):
            self._refuse(value, "an object", path, failures)
            return value
        served = ", ".join(self.fields)
        for name in value:
            if name not in self.fields:
                reason = f"not a property that the sandbox serves here; served are {served}"
                failures.append(Failure(f"{path}.{name}", reason))
        checked = {
            name: part.check(value.get(name), f"{path}.{name}", failures)
            for name, part in self.fields.items()
        }
        return {name: part for name, part in checked.items() if part is not None}

    def _changes(self, old: Any, new: Any, path: str) -> Iterator[Change]:
        if _is_empty(old) or _is_empty(new):
            yield self._change(old, new, path)
            return
        for name, part in self.fields.items():
            yield from part.changes(old.get(name), new.get(name), f"{path}.{name}")


def refusal(value: Any, allowed: str, *, secret: bool = False) -> str:
    """The message for a refused ``value``; ``allowed`` describes the allowed values."""
    return f"{'a secret value' if secret else _shown(value)} is not allowed; allowed is {allowed}"


def snake_case(name: str) -> str:
    """The name of a property in snake case, as in APIs and in Terraform: ``task_count`` for ``taskCount``."""
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name)


def root(path: str) -> str:
    """The name of the resource's property that contains ``path``."""
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def below(path: str, key: str) -> str:
    """The path of ``key`` below ``path``, in the engine's notation: ``tags.Name``, ``tags["aws:name"]``."""
    return f"{path}.{key}" if re.fullmatch(r"\w+", key) else f"{path}[{json.dumps(key)}]"


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _one_of(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values[:-1])) + f" or {values[-1]}" if len(values) > 1 else str(values[0])


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else text[:77] + "…"
