"""The changes to the declaration, from the registered inputs of the components."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_gitlab_runner.review.host_state import HOSTS
from pulumi_gitlab_runner.review.lines import ITS_NAME, in_words, phrase
from pulumi_gitlab_runner.review.markup import code, plain
from pulumi_gitlab_runner.review.names import natural
from pulumi_gitlab_runner.review.preview import SECRET, UNKNOWN, Inputs, Preview, Step

_NOUNS = {
    "CiVariables": "CI variables",
    "DockerRunnerHost": "Docker host",
    "EcrRepositories": "ECR registry",
    "EcrSettings": "ECR settings",
    "HostStore": "host store",
    "HostedRunnerAuth": "hosted runner authentication",
    "ImageBuild": "image build",
    "ImageMirror": "mirror",
    "JobRole": "job role",
    "PipelineRoles": "pipeline roles",
    "RunnerCache": "cache",
    "RunnerFleet": "fleet",
    "RunnerHost": "host",
    "RunnerImage": "machine image",
    "RunnerManagerRole": "runner manager role",
    "RunnerNetwork": "network",
    "RunnerRegistration": "runner",
}
"""The noun for each component type."""
_HOW = "by [A-Za-z ]{1,60}"
"""The form of `authenticates` of a registry."""
_FIRST = {
    key: number
    for number, key in enumerate(
        ("runners", "fleet", "host", "instance", "project", "group", "image", "tags")
    )
}
"""The order of the keys in the line of a new component; other keys follow, sorted by name."""
_ORDER = {noun: number for number, noun in enumerate(("runner", "fleet", "host", "Docker host"))}


@dataclass(frozen=True)
class _Change:
    """A change to the declaration.

    Attributes:
        noun: the noun for the type of the component.
        name: the name of the component.
        text: the difference, as Markdown.
    """

    noun: str
    name: str
    text: str

    @property
    def nameless(self) -> str:
        """The text with a placeholder for the runner after which the component is named."""

        def without(found: re.Match[str]) -> str:
            own = f"-{self.name}".endswith(f"-{found[1]}")
            return f"`runners.{ITS_NAME}." if own else found[0]

        return re.sub(r"`runners\.([a-z0-9-]+)\.", without, self.text)


def declared_changes(preview: Preview) -> list[str]:
    """The changes to the declaration as lines of Markdown: runners first, equal lines merged into one."""
    texts: dict[tuple[str, str], list[_Change]] = {}
    for step in preview.changes:
        for change in _changes(step):
            texts.setdefault((change.noun, change.nameless), []).append(change)
    return [
        f"{noun} {in_words(each.name for each in alike)}: {nameless if len(alike) > 1 else alike[0].text}"
        for (noun, nameless), alike in sorted(texts.items(), key=_place)
    ]


def _place(line: tuple[tuple[str, str], Sequence[_Change]]) -> tuple[int, tuple[tuple[str, int], ...]]:
    (noun, _), alike = line
    return _ORDER.get(noun, len(_ORDER)), min(natural(each.name) for each in alike)


def _changes(step: Step) -> Iterator[_Change]:
    noun = _NOUNS.get(step.type.removeprefix("gitlab-runner:index:"))
    if noun is None or not step.is_component:
        return
    if noun == "runner manager role" and not HOSTS.isdisjoint(step.types):
        return  # the line of its host shows the change
    before, after = step.before, step.after
    if step.operation == "create" and after is not None:
        facts = "; ".join(_facts(after))
        yield _Change(noun, step.name, f"added: {facts}" if facts else "added")
    elif step.operation == "delete" and before is not None:
        yield _Change(noun, step.name, "removed")
    elif before is not None and after is not None:
        # A component that registers its declaration for the first time has changed nothing.
        yield from (_Change(noun, step.name, text) for text in _differences("", before, after))


def _facts(declared: Inputs, path: str = "") -> Iterator[str]:
    """The declaration of a new component, key by key."""
    for key, value in sorted(declared.items(), key=lambda each: (_FIRST.get(each[0], len(_FIRST)), each[0])):
        at = f"{path}.{key}" if path else str(key)
        if isinstance(value, Mapping) and value:
            if path == "registries":
                how = value.get("authenticates")
                shown = plain(how, _HOW) if isinstance(how, str) else ""
                yield phrase("registry", [str(key)]) + (f", authentication {shown}" if shown else "")
            elif path == "runners":
                yield from _facts(value)
            else:
                yield from _facts(value, "registries" if at == "registries" else at)
        elif value not in ({}, []) and at not in ("registries",):
            yield f"{code(at)} {_value(value)}"


def _differences(path: str, before: Any, after: Any) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        absent = sorted(key for key in before if key not in after)
        for key, value in sorted(after.items()):
            at = f"{path}.{key}" if path else str(key)
            former = next((each for each in absent if path == "runners" and before[each] == value), None)
            if key not in before and former is not None:
                absent.remove(former)
                yield f"{phrase('runner', [str(former)])} {phrase('renamed to', [str(key)])}"
            elif key not in before and not path and isinstance(value, Mapping):
                yield from _differences(at, {}, value)
            elif key not in before:
                yield f"{code(at)} added{_of_what(value)}"
            else:
                yield from _differences(at, before[key], value)
        for key in absent:
            was = "" if isinstance(before[key], Mapping) else f", was {_value(before[key])}"
            yield f"{code(f'{path}.{key}' if path else str(key))} removed{was}"
    elif isinstance(before, list) and isinstance(after, list):
        added = [each for each in after if each not in before]
        removed = [each for each in before if each not in after]
        if added:
            yield f"{code(path)}: added {_value(added)}"
        if removed:
            yield f"{code(path)}: removed {_value(removed)}"
        if not added and not removed:
            yield f"{code(path)}: order changed"
    else:
        yield f"{code(path)} {_value(before)} → {_value(after)}"


def _of_what(value: Any) -> str:
    if isinstance(value, Mapping):
        facts = "; ".join(_facts(value))
        return f": {facts}" if facts else ""
    return f": {_value(value)}"


def _value(value: Any) -> str:
    if value == UNKNOWN:
        return "known after the update"
    if value == SECRET:
        return "a secret"
    if isinstance(value, list):
        return ", ".join(_value(each) for each in value[:12]) + (
            f" and {len(value) - 12} more" * (len(value) > 12)
        )
    if isinstance(value, Mapping):
        return code(", ".join(f"{key} {each}" for key, each in sorted(value.items())) or "{}")
    if isinstance(value, bool):
        return code(str(value).lower())
    return code(f"{value:.15g}" if isinstance(value, float) else str(value))
