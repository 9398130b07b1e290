"""The images that a Dockerfile builds upon.

Source of the grammar: docs.docker.com/reference/dockerfile.
"""

import re
import shlex
from collections.abc import Iterator, Mapping

from pulumi_gitlab_runner.images.reference import InvalidImageReference, parse

SCRATCH = "scratch"
"""The name that means no image."""

_CONTINUATION = re.compile(r"\\[ \t]*\n(?:[ \t]*#[^\n]*\n)*")
_FROM = re.compile(r"from\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+as\s+(?P<stage>\S+))?\s*", re.IGNORECASE)
_COPY_FROM = re.compile(r"copy\s+(?:--\S+\s+)*?--from=(?P<image>\S+)\s", re.IGNORECASE)
_ARG = re.compile(r"arg\s+(?P<declared>.+)", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:(?P<bare>\w+)|\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\})")


def base_images(dockerfile: str, args: Mapping[str, str]) -> list[str]:
    """The images in `FROM` and `COPY --from`, in their full form, without duplicates, in order.

    Stages of the build are left out; invalid references are left to the build to refuse.

    Args:
        dockerfile: its text.
        args: the build arguments, which come before the defaults of `ARG`.
    """
    return list(dict.fromkeys(filter(None, map(_written_out, _named(dockerfile, args)))))


def _named(dockerfile: str, args: Mapping[str, str]) -> Iterator[str]:
    """The images in `FROM` and `COPY --from`, without the build's own stages."""
    known: dict[str, str] = {}
    stages: set[str] = set()
    for line in _CONTINUATION.sub(" ", dockerfile).splitlines():
        instruction = line.strip()
        if found := _FROM.fullmatch(instruction):
            image = _expanded(found["image"], known)
            if image.lower() not in stages:
                yield image
            stages.add((found["stage"] or "").lower())
        elif found := _COPY_FROM.match(instruction):
            if found["image"].lower() not in stages and not found["image"].isdecimal():
                yield found["image"]
        elif (found := _ARG.fullmatch(instruction)) and not stages:
            # Those after the first FROM belong to a stage, and are not visible to FROM.
            for name, _, default in (each.partition("=") for each in _words(found["declared"])):
                known[name] = args.get(name, _expanded(default, known))


def _expanded(text: str, known: Mapping[str, str]) -> str:
    def value(variable: re.Match[str]) -> str:
        return known.get(variable["bare"] or variable["name"]) or variable["default"] or ""

    return _VARIABLE.sub(value, text)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # an open quote, which the build refuses
        return []


def _written_out(name: str) -> str:
    """The full form of an image's name; empty if it names none."""
    try:
        return "" if name == SCRATCH else str(parse(name))
    except InvalidImageReference:
        return ""
