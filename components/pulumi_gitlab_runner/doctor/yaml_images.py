"""The places in a `.gitlab-ci.yml` where names of images stand, to change them and nothing else."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from pulumi_gitlab_runner.doctor.ci_yaml import CiLoader
from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.job_images import plain_variables

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
"""An anchor and a tag, which YAML counts to the text that they stand before."""


@dataclass(frozen=True)
class ImagePlace:
    """A name of an image in a file.

    Attributes:
        name: the name as it is written, variables and all.
        line: the line, from 1.
        start: where it begins in the text, a quotation mark included.
        end: where it ends.
        quote: the quotation mark around it, or nothing.
        variables: those of its job, else none.
    """

    name: str
    line: int
    start: int
    end: int
    quote: str
    variables: tuple[tuple[str, str], ...]


def image_places(file: Path, text: str) -> list[ImagePlace]:
    """Every place of a file where an image is named, in the order of the text.

    Args:
        file: the file, for messages.
        text: what it holds.

    Raises:
        UsageError: it is not YAML.
    """
    try:
        documents = list(yaml.compose_all(text, CiLoader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}, line {mark.line + 1}" if mark else str(file)
        raise UsageError(f"{place}: this is not YAML that can be read") from None
    found: dict[int, ImagePlace] = {}
    for document in documents:
        for image in _of_document(document):
            properties = _PROPERTIES.match(text, image.start, image.end)
            start = properties.end() if properties else image.start
            found.setdefault(start, replace(image, start=start))  # an alias is the same place
    return [image for _, image in sorted(found.items())]


def _of_document(document: yaml.Node | None) -> Iterator[ImagePlace]:
    for key, value in _pairs(document):
        if key in ("image", "services"):
            yield from _of_key(key, value, ())
            continue
        variables = next((_variables(each) for name, each in _pairs(value) if name == "variables"), ())
        for inner, each in _pairs(value):
            yield from _of_key(inner, each, variables)


def _of_key(key: str, value: yaml.Node, variables: tuple[tuple[str, str], ...]) -> Iterator[ImagePlace]:
    """The names under `image` or `services`."""
    if key == "image":
        yield from _of_container(value, variables)
    elif key == "services" and isinstance(value, yaml.SequenceNode):
        for each in value.value:
            yield from _of_container(each, variables)


def _of_container(node: yaml.Node, variables: tuple[tuple[str, str], ...]) -> Iterator[ImagePlace]:
    """The name of one image or service: a text, or `name` of a mapping."""
    for key, value in _pairs(node):
        if key == "name":
            node = value
    if not isinstance(node, yaml.ScalarNode) or node.style not in (None, "'", '"'):
        return
    if node.tag == "tag:yaml.org,2002:str" and node.value:
        start, end = node.start_mark, node.end_mark
        yield ImagePlace(node.value, start.line + 1, start.index, end.index, node.style or "", variables)


def _pairs(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    """The keys and values of a mapping; nothing of anything else."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield key.value, value


def _variables(node: yaml.Node) -> tuple[tuple[str, str], ...]:
    values: dict[str, object] = {}
    for key, value in _pairs(node):
        nested = dict(_pairs(value)).get("value", value)
        if isinstance(nested, yaml.ScalarNode):
            values[key] = nested.value
    return tuple(plain_variables(values).items())


def global_variables(text: str) -> dict[str, str]:
    """The variables at the top of a file whose YAML is good."""
    found: dict[str, str] = {}
    for document in yaml.compose_all(text, CiLoader):
        for key, value in _pairs(document):
            if key == "variables":
                found |= dict(_variables(value))
    return found
