"""The inputs of a pipeline's file: `spec: inputs`, interpolated into its text before it is parsed as YAML.

Source: https://docs.gitlab.com/ci/inputs/; GitLab 18, lib/gitlab/ci/config/interpolation/.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_gitlab_runner.doctor.pipelines.expansion import expand
from pulumi_gitlab_runner.doctor.pipelines.written_yaml import Source

_ACCESS = re.compile(r"inputs\.([\w-]+)")
_TRUNCATE = re.compile(r"truncate\(\s*(\d+)\s*,\s*(\d+)\s*\)")


def inputs_of(declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the declared inputs: the given ones, else their defaults."""
    found: dict[str, Any] = {}
    for name, settings in declared.items():
        if name in given:
            found[name] = given[name]
        elif isinstance(settings, dict) and settings.get("default") is not None:
            found[name] = settings["default"]
    return found


def with_inputs(source: Source, inputs: Mapping[str, Any], variables: Mapping[str, str]) -> Source:
    """A source with its ``$[[ inputs.… ]]`` interpolated; those without a value are not replaced.

    Args:
        source: the source.
        inputs: the values, by name.
        variables: the variables for the function `expand_vars`.
    """
    texts: list[str] = []
    pieces: list[tuple[int, int, bool]] = []
    at, done, shift = 0, 0, source.pieces[0][1]

    def add(text: str, start: int, *, same: bool) -> None:
        nonlocal at
        if text:
            texts.append(text)
            pieces.append((at, start + shift, same))
            at += len(text)

    for start, end in _blocks(source.text):
        value = _value(source.text[start + 3 : end - 2], inputs, variables)
        if value is not None:
            add(source.text[done:start], done, same=True)
            add(value, start, same=False)
            done = end
    add(source.text[done:], done, same=True)
    return Source(source.file, source.original, "".join(texts), tuple(pieces) or source.pieces)


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """The start and end of each ``$[[ … ]]``, which does not span lines."""
    line_end = start = 0
    while (start := text.find("$[[", start)) >= 0:
        if line_end <= start:
            line_end = text.find("\n", start)
            line_end = len(text) if line_end < 0 else line_end
        end = text.find("]]", start, line_end)
        if end >= 0:
            yield start, end + 2
        start = line_end if end < 0 else end + 2


def _value(expression: str, inputs: Mapping[str, Any], variables: Mapping[str, str]) -> str | None:
    """The value of an interpolation block; None if it is not known."""
    access, *functions = (part.strip() for part in expression.split("|"))
    name = _ACCESS.fullmatch(access)
    if name is None or name[1] not in inputs:
        return None
    value = inputs[name[1]]
    text = str(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    for function in functions:
        if function == "expand_vars":
            text = expand(text, variables)[0]
        elif cut := _TRUNCATE.fullmatch(function):
            text = text[int(cut[1]) : int(cut[1]) + int(cut[2])]
        else:
            return None
    return text
