"""The steps of a case with a plugin, and what each step shows."""

import contextlib
import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.standin.values import UNKNOWN, Properties, decode
from tests.conformance.plugin import Change, Plugin, PluginError, Resource, secret_properties

Facts = dict[str, Any]
"""What a step shows: each fact by its name."""

_HOST_NAME = 12
_GENERATED = (
    re.compile(r"(?<=[a-z]-)[0-9a-f]{7}\b"),  # the end of an automatic name
    re.compile(r"(?<=-)[0-9a-f]{17}\b"),  # of an id of EC2
    re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"),
    re.compile(r"(?<=:secret:it-\*-)\w{6}\b"),
)
"""What a service or the plugin generates."""


@dataclass(frozen=True)
class Case:
    """A resource of a type.

    Attributes:
        name: unique among the cases of a provider.
        token: its type.
        inputs: those of its creation.
        updates: changes that are made in place.
        replaces: changes that need a replacement.
        refused: changes that the check refuses.
        find: the ID for an import, with `{id}` for its own and its inputs by their names; None
            if it is not imported.
    """

    name: str
    token: str
    inputs: Mapping[str, Any]
    updates: Sequence[Mapping[str, Any]] = ()
    replaces: Sequence[Mapping[str, Any]] = ()
    refused: Sequence[Mapping[str, Any]] = ()
    find: str | None = "{id}"

    def __str__(self) -> str:
        return self.name


@dataclass
class Seen:
    """What a plugin showed in a case: the facts of each step, in order."""

    steps: dict[str, Facts] = field(default_factory=dict)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[Facts]:
        """The facts of a step; a refusal is one of them."""
        facts = self.steps.setdefault(name, {})
        try:
            yield facts
        except PluginError as error:
            facts["error"] = str(error)


def run(plugin: Plugin, case: Case) -> Seen:
    """Take a case through the life cycle of a resource."""
    seen = Seen()
    for change in case.refused:
        with seen.step(f"check {_written(change)}") as facts:
            _, failures = plugin.check(case.token, _changed(case.inputs, change))
            facts["refused"] = bool(failures)
    with seen.step("check") as facts:
        inputs, failures = plugin.check(case.token, case.inputs)
        facts |= {
            "failures": failures,
            "inputs": _public(decode(inputs)),
            "secrets": secret_properties(inputs),
        }
    if "error" in seen.steps["check"]:
        return seen
    with seen.step("preview") as facts:
        facts["outputs"] = plugin.preview(case.token, inputs)
    with seen.step("create") as facts:
        try:
            made = plugin.create(case.token, inputs)
        except PluginError as error:
            facts["leaves a resource"] = error.made is not None
            if error.made:
                plugin.delete(error.made)
            raise
        facts |= {"id": made.id, "outputs": decode(made.outputs), "secrets": secret_properties(made.outputs)}
    if "error" not in seen.steps["create"]:
        try:
            made = _live(plugin, case, seen, made)
        finally:
            _delete(plugin, seen, made)
    return seen


def _live(plugin: Plugin, case: Case, seen: Seen, made: Resource) -> Resource:
    with seen.step("read") as facts:
        found = plugin.read(made)
        facts["there"] = found is not None
        if found:
            facts["outputs"] = decode(found.outputs)
            _note(facts, plugin.diff(found, made.inputs))
    if case.find is not None:
        with seen.step("import") as facts:
            found = plugin.find(case.token, case.find.format(id=made.id, **decode(made.inputs)))
            facts["there"] = found is not None
            if found:
                facts |= {"id": found.id, "outputs": decode(found.outputs)}
    for change in case.replaces:
        with seen.step(f"replace {_written(change)}") as facts:
            new, facts["failures"] = plugin.check(case.token, _changed(case.inputs, change), made)
            _note(facts, plugin.diff(made, new))
    for change in case.updates:
        with seen.step(f"update {_written(change)}") as facts:
            new, facts["failures"] = plugin.check(case.token, _changed(case.inputs, change), made)
            _note(facts, plugin.diff(made, new))
            made = plugin.update(made, new)
            facts |= {"outputs": decode(made.outputs), "changes after": plugin.diff(made, new).properties}
        with seen.step(f"update {_written(change)} and back") as facts:
            old, _ = plugin.check(case.token, case.inputs, made)
            made = plugin.update(made, old)
    return made


def _delete(plugin: Plugin, seen: Seen, made: Resource) -> None:
    with seen.step("delete"):
        plugin.delete(made)
    with seen.step("read what is deleted") as facts:
        facts["there"] = plugin.read(made) is not None
    with seen.step("delete what is deleted"):
        plugin.delete(made)


def _note(facts: Facts, change: Change) -> None:
    facts["changes"] = dict(change.properties)
    if any(change.properties.values()):
        facts["deletes first"] = change.deletes_first


def _changed(inputs: Mapping[str, Any], change: Mapping[str, Any]) -> Properties:
    return {name: value for name, value in {**inputs, **change}.items() if value is not None}


def _written(change: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in change.items())


def _public(properties: Properties) -> Properties:
    return {name: value for name, value in properties.items() if not name.startswith("__")}


def differences(stand_in: Seen, official: Seen, served: set[str]) -> Iterator[str]:
    """Return the differences between a stand-in and the official plugin, one line each.

    Of the properties, those that the stand-in serves are compared; one that is empty is the same as none, and
    the order of a list, or of a document's keys, does not count. An id and an automatic name differ from one
    resource to the next. The messages of errors may differ.
    """
    for name in {**stand_in.steps, **official.steps}:
        ours, theirs = (each.steps.get(name, {}) for each in (stand_in, official))
        if ("error" in ours) != ("error" in theirs):
            errors = (each.get("error", "no error") for each in (ours, theirs))
            yield "{}: stand-in: {}; official: {}".format(name, *map(_one_line, errors))
            continue
        for fact in sorted({*ours, *theirs} - {"error"}):
            one = _comparable(fact, ours.get(fact), stand_in, served)
            other = _comparable(fact, theirs.get(fact), official, served)
            if isinstance(one, dict) and isinstance(other, dict):
                for key in sorted({*one, *other}):
                    if one.get(key) != other.get(key):
                        yield f"{name}: {fact}.{key}: stand-in {one.get(key)!r}, official {other.get(key)!r}"
            elif one != other:
                yield f"{name}: {fact}: stand-in {one!r}, official {other!r}"


def _one_line(error: str) -> str:
    return " ".join(error.split())


def _comparable(fact: str, value: Any, seen: Seen, served: set[str]) -> Any:
    match fact:
        case "failures":
            return bool(value)
        case "inputs" | "outputs":
            made = seen.steps.get("create", {}).get("id", "")
            return {name: each for name, each in _normal(value or {}, made).items() if name in served}
        case "secrets":
            return [name for name in value or () if name in served]
        case "id":
            return _normal(value, seen.steps.get("create", {}).get("id", ""))
        case _:
            return value


def _normal(value: Any, made: str) -> Any:
    """A value without what differs from one resource to the next, and without what is empty."""
    if isinstance(value, str):
        if made:
            # The host name of a container is the beginning of its ID.
            value = "{id}" if value == made[:_HOST_NAME] else value.replace(made, "{id}")
        return _document(functools.reduce(lambda text, each: each.sub("*", text), _GENERATED, value))
    if isinstance(value, list):
        return sorted((_normal(each, made) for each in value), key=repr)
    if isinstance(value, dict):
        normal = {name: _normal(each, made) for name, each in _public(value).items()}
        return {name: normal[name] for name in sorted(normal) if normal[name] is UNKNOWN or normal[name]}
    return value


def _document(text: str) -> Any:
    """The value of a JSON text, in any order of its keys; any other text unchanged."""
    if not text.startswith("{"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
