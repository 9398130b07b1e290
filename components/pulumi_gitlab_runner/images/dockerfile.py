"""The base images of a Dockerfile.

Source of the grammar: docs.docker.com/reference/dockerfile.
"""

import re
import shlex
from collections.abc import Iterator, Mapping

from pulumi_gitlab_runner.images.reference import InvalidImageReference, parse

SCRATCH = "scratch"
"""The name of the empty base image, which is in no registry."""

_DIRECTIVE = re.compile(r"#[ \t]*(?P<name>\w+)[ \t]*=[ \t]*(?P<value>\S*)[ \t]*", re.IGNORECASE)
_FROM = re.compile(r"from\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+as\s+(?P<stage>\S+))?\s*", re.IGNORECASE)
_FLAGS = re.compile(r"(?:copy|run)\s+(?P<flags>(?:--\S+\s+)+)", re.IGNORECASE)
_FLAG_FROM = re.compile(r"--(?:from=|mount=(?:\S*,)?from=)(?P<image>[^\s,]+)")
_ARG = re.compile(r"arg\s+(?P<declared>.+)", re.IGNORECASE)
_VARIABLE = re.compile(
    r"\$(?:(?P<bare>\w+)|\{(?P<name>\w+)(?:(?P<even_empty>:?)(?P<operator>[-+])(?P<word>[^}]*))?\})"
)
_TAKES_HERE_DOCUMENTS = re.compile(r"(?:onbuild\s+)?(?:add|copy|run)\s", re.IGNORECASE)
_HERE_DOCUMENT = re.compile(r"(?<!\S)\d*<<(?P<tabs>-?)(?P<quote>[\'\"]?)(?P<end>\w+)(?P=quote)(?!\S)")


def base_images(dockerfile: str, args: Mapping[str, str]) -> list[str]:
    """The images in `FROM`, `COPY --from` and `RUN --mount=from=…`, in full, without duplicates, in order.

    Stages of the build are omitted, and so are invalid references, which the build refuses.

    Args:
        dockerfile: the text of the Dockerfile.
        args: the build arguments, which override the defaults of `ARG`.
    """
    return list(dict.fromkeys(filter(None, map(_written_out, _named(dockerfile, args)))))


def _named(dockerfile: str, args: Mapping[str, str]) -> Iterator[str]:
    """The images that a Dockerfile names, without its stages."""
    known: dict[str, str] = {}
    stages: set[str] = set()
    for instruction in _instructions(dockerfile):
        if found := _FROM.fullmatch(instruction):
            image = _expanded("".join(_words(found["image"])), known)
            if image.lower() not in stages:
                yield image
            stages.add((found["stage"] or "").lower())
        elif found := _FLAGS.match(instruction):
            for image in _FLAG_FROM.findall(found["flags"]):
                if image.lower() not in stages and not image.isdecimal():
                    yield image
        elif (found := _ARG.fullmatch(instruction)) and not stages:
            # An ARG after the first FROM belongs to a stage, and is not visible to FROM.
            for name, given, default in (each.partition("=") for each in _words(found["declared"])):
                if name in args or given:
                    known[name] = args.get(name, _expanded(default, known))


def _instructions(dockerfile: str) -> Iterator[str]:
    """Each instruction as one line, without its here-documents."""
    escape = re.escape(_escape_character(dockerfile))
    written = "\n".join(line for line in dockerfile.splitlines() if not line.lstrip().startswith("#"))
    lines = iter(re.sub(rf"{escape}[ \t]*\n(?:[ \t]*\n)*", " ", written).splitlines())
    for line in lines:
        instruction = line.strip()
        yield instruction
        if _TAKES_HERE_DOCUMENTS.match(instruction):
            for found in _HERE_DOCUMENT.finditer(instruction):
                for inside in lines:
                    if (inside.lstrip("\t") if found["tabs"] else inside) == found["end"]:
                        break


def _escape_character(dockerfile: str) -> str:
    """The escape character, which continues a line; only the first lines of a Dockerfile are directives."""
    for line in dockerfile.splitlines():
        found = _DIRECTIVE.fullmatch(line.strip())
        if not found:
            break
        if found["name"].lower() == "escape" and found["value"] == "`":
            return "`"
    return "\\"


def _expanded(text: str, known: Mapping[str, str]) -> str:
    def value(variable: re.Match[str]) -> str:
        name = variable["bare"] or variable["name"]
        is_given = bool(known.get(name)) if variable["even_empty"] else name in known
        match variable["operator"]:
            case "-":
                return known[name] if is_given else str(variable["word"])
            case "+":
                return str(variable["word"]) if is_given else ""
            case _:
                return known.get(name, "")

    return _VARIABLE.sub(value, text)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # an unclosed quote, which the build refuses
        return []


def _written_out(name: str) -> str:
    """The full form of an image reference; empty for `scratch` and invalid references."""
    try:
        return "" if name == SCRATCH else str(parse(name))
    except InvalidImageReference:
        return ""
