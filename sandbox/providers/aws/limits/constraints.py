"""The validation of a resource's inputs against the CloudFormation registry schemas."""

import importlib
import ipaddress
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.providers.aws.limits.counterparts import Node
from sandbox.providers.aws.limits.schemas import Schema, TypeSchema
from sandbox.standin.values import UNKNOWN


@dataclass(frozen=True)
class Held:
    """A constraint that was applied to the input at ``path``: found, allowed, and the source.

    ``kept`` is whether the input satisfies it.
    """

    path: str
    found: Any
    allowed: str
    source: str
    kept: bool


def held(node: Node, schema: TypeSchema, source: str, except_: frozenset[str], part: bool) -> Iterator[Held]:
    """Every constraint of a type's schema that applies to the properties in `node`.

    Args:
        node: the properties of the type.
        schema: the schema of the type.
        source: the name of the type.
        except_: constraints that do not apply, as ``KEYWORD PROPERTY``.
        part: whether `node` has only some of the properties, so that none is required.
    """
    yield from _Check(schema, except_, part).object_(node, schema.whole, source)


_Keywords = Mapping[str, tuple[Callable[[Any, Any], bool], str]]
"""Keywords of JSON Schema: the check of a value, and the description of the allowed values."""
_OF_TEXT: _Keywords = {
    "pattern": (lambda value, pattern: bool(_compiled(pattern).search(value)), "what matches {}"),
    "minLength": (lambda value, least: len(value) >= least, "at least {} characters"),
    "maxLength": (lambda value, most: len(value) <= most, "at most {} characters"),
}
_OF_NUMBER: _Keywords = {
    "minimum": (lambda value, least: value >= least, "a number of at least {}"),
    "maximum": (lambda value, most: value <= most, "a number of at most {}"),
}
_OF_LIST: _Keywords = {
    "minItems": (lambda items, least: len(items) >= least, "at least {} items"),
    "maxItems": (lambda items, most: len(items) <= most, "at most {} items"),
}
_FORMATS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "ipv4-network": (ipaddress.IPv4Network, "an IPv4 network in CIDR notation"),
    "ipv6-network": (ipaddress.IPv6Network, "an IPv6 network in CIDR notation"),
}


@dataclass(frozen=True)
class _Check:
    schema: TypeSchema
    except_: frozenset[str]
    part: bool

    def object_(self, node: Node, schema: Schema, source: str) -> Iterator[Held]:
        present = node.value.keys()
        yield from self._presence(node, present, schema, source)
        for name, each in node.value.items():
            if name in schema.get("properties", {}):
                yield from self.value(each, schema["properties"][name], f"{source}.{name}", name)
            for pattern, below in schema.get("patternProperties", {}).items():
                kept = bool(_compiled(pattern).search(name))
                yield Held(each.path, name, f"a key that matches {pattern}", source, kept)
                yield from self.value(each, below, source, name)

    def value(self, node: Node, schema: Schema, source: str, name: str) -> Iterator[Held]:
        if node.value is UNKNOWN or node.value is None:
            return
        schema = self.schema.resolved(schema)
        if isinstance(node.value, dict):
            yield from self.object_(node, schema, source)
        elif isinstance(node.value, list):
            yield from self._list(node, schema, source, name)
        else:
            yield from self._scalar(node, schema, source, name)

    def _presence(self, node: Node, present: Any, schema: Schema, source: str) -> Iterator[Held]:
        """The constraints on required and mutually exclusive properties."""
        for name in () if self.part and not node.path else schema.get("required", ()):
            if f"required {name}" not in self.except_:
                yield Held(node.path, "nothing", f"a value for {name}", source, name in present)
        for keyword, words, most in (
            ("requiredXor", "exactly one of", 1),
            ("requiredOr", "one or more of", 99),
        ):
            if group := schema.get(keyword):
                given = [name for name in group if name in present]
                kept = 1 <= len(given) <= most
                yield Held(node.path, _list(given), f"{words} {_list(group)}", source, kept)
        for name, others in schema.get("dependentRequired", {}).items():
            if name in present:
                yield Held(
                    node.path, name, f"{_list(others)} with {name}", source, all(o in present for o in others)
                )
        for name, others in schema.get("dependentExcluded", {}).items():
            if name in present:
                both = [other for other in others if other in present]
                yield Held(
                    node.path, _list([name, *both]), f"no {_list(others)} with {name}", source, not both
                )

    def _list(self, node: Node, schema: Schema, source: str, name: str) -> Iterator[Held]:
        items: list[Node] = node.value
        yield from self._keywords(_OF_LIST, node, f"{len(items)} items", schema, source, name)
        if schema.get("uniqueItems"):
            plain = [json.dumps(_plain(each), sort_keys=True) for each in items if _is_known(each)]
            yield Held(node.path, "one twice", "each once", source, len(plain) == len(set(plain)))
        for each in items:
            yield from self.value(each, schema.get("items", {}), source, name)

    def _scalar(self, node: Node, schema: Schema, source: str, name: str) -> Iterator[Held]:
        value = node.value
        if "enum" in schema and f"enum {name}" not in self.except_:
            kept = str(value) in map(str, schema["enum"]) or value in schema["enum"]
            yield Held(node.path, value, _list(schema["enum"], "or"), source, kept)
        if "const" in schema:
            yield Held(node.path, value, str(schema["const"]), source, str(value) == str(schema["const"]))
        if isinstance(value, bool):
            return
        if isinstance(value, str):
            yield from self._keywords(_OF_TEXT, node, value, schema, source, name)
            if form := _FORMATS.get(schema.get("format", "")):
                yield Held(node.path, value, form[1], source, _is(value, form[0]))
        elif isinstance(value, int | float):
            yield from self._keywords(_OF_NUMBER, node, value, schema, source, name)

    def _keywords(
        self, known: _Keywords, node: Node, found: Any, schema: Schema, source: str, name: str
    ) -> Iterator[Held]:
        for keyword, (keeps, words) in known.items():
            if keyword in schema and f"{keyword} {name}" not in self.except_:
                allowed = words.format(schema[keyword])
                yield Held(node.path, found, allowed, source, keeps(node.value, schema[keyword]))


def _compiled(pattern: str) -> Any:
    # `regex` supports Unicode classes, \p{L}, `re` does not; imported late, since few resources need it.
    return importlib.import_module("regex").compile(pattern)


def _is(value: str, form: Callable[[str], object]) -> bool:
    try:
        form(value)
    except ValueError:
        return False
    return True


def _plain(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {name: _plain(each) for name, each in node.value.items()}
    return [_plain(each) for each in node.value] if isinstance(node.value, list) else node.value


def _is_known(node: Node) -> bool:
    if isinstance(node.value, dict):
        return all(_is_known(each) for each in node.value.values())
    if isinstance(node.value, list):
        return all(map(_is_known, node.value))
    return node.value is not UNKNOWN


def _list(names: Sequence[Any], word: str = "and") -> str:
    texts = [str(name) for name in names]
    return (
        f" {word} ".join((", ".join(texts[:-1]), texts[-1])) if len(texts) > 1 else (texts or ["nothing"])[0]
    )
