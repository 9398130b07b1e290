"""Expansion of CI variables in strings: GitLab's, of the variables of a job, and GitLab Runner's, of all.

GitLab expands the variables of a job before it sends them to the runner: in the values of each other, as deep
as they refer to each other. It does not know those of the runner's `environment`. The runner then expands all
variables again, but only once: a reference in a value that it inserts stays as it is.

GitLab also expands `%NAME%`, the form of the Windows command line; the runner does not, on any system.

Source: GitLab 18, lib/gitlab/ci/variables/collection.rb, `sort_and_expand_all`, and collection/item.rb,
`VARIABLES_REGEXP`; GitLab Runner 19.3, common/spec/variables.go, `Expand`, with `os.Expand` of Go.
"""

import re
from collections.abc import Callable, Iterable, Mapping

_OF_GITLAB = re.compile(
    r"\$\$|%%|\$(?P<plain>[A-Za-z_]\w*)|\$\{(?P<braced>[A-Za-z_]\w*)\}|%(?P<percent>[A-Za-z_]\w*)%"
    r"|(?P<input>\$\[\[.*?\]\])",
    re.ASCII,
)
_OF_RUNNER = re.compile(
    r"\$(?:\{(?P<braced>[^}]+)\}|\{\}?|(?P<special>[*#$@!?0-9-])|(?P<plain>[A-Za-z0-9_]+)"
    r"|(?P<input>\[\[.*?\]\]))"
)
_NAME = re.compile(r"[A-Za-z0-9_]+")
_ALWAYS_EMPTY = frozenset({"", *"*#@!?0123456789"})
_DEEPEST = 10
LONGEST_NAME = 8_192
"""The maximum length of a string, before and after its expansion: longer than any image name."""

Expanded = tuple[str, tuple[str, ...]]
"""A string with its variables expanded, and the names of those without a value."""


class RawText(str):
    """The value of a variable with ``expand: false``, in which no variable is expanded."""

    __slots__ = ()


class FileText(str):
    """The value of a variable of the type file: a reference to the variable is the path of that file."""

    __slots__ = ()


class RawFileText(RawText, FileText):
    """The value of a variable that is both."""

    __slots__ = ()


def expand(
    text: str, variables: Mapping[str, str], longest: int = LONGEST_NAME, within: tuple[str, ...] = ()
) -> Expanded:
    """Expand the variables in a string as GitLab does, also in their values.

    A variable without a value is not replaced, nor is ``$$``, which the runner replaces, nor ``%%``. One
    without a value in the form ``%NAME%`` is not returned as unknown: it is rather a text with percent signs,
    such as ``%Y%m%d``, which the runner does not expand either.

    Args:
        text: the string.
        variables: the values, by name.
        longest: the maximum number of characters, before and after the expansion.
        within: the variables whose values contain the string; a reference to one of them has no value.
    """
    unknown: dict[str, None] = {}

    def expanded(text: str, within: tuple[str, ...]) -> str:
        def value(match: re.Match[str]) -> str:
            name = match["plain"] or match["braced"] or match["percent"] or match["input"]
            if name is None:
                return match[0]
            if name not in variables or name in within or len(within) >= _DEEPEST:
                if not match["percent"]:
                    unknown.setdefault(name)
                return match[0]
            if isinstance(variables[name], RawText):
                return variables[name]
            if name not in known:
                known[name] = expanded(variables[name], (*within, name))
            return known[name]

        result = _replaced(_OF_GITLAB, text, value, longest)
        if result is None:
            unknown.update(dict.fromkeys(within[-1:] or ("…",)))
            return text[:longest]
        return result

    known: dict[str, str] = {}
    return expanded(str(text), within), tuple(unknown)


def expand_once(
    text: str, value_of: Callable[[str], Expanded | None], longest: int = LONGEST_NAME, name: str = "…"
) -> Expanded:
    """Expand the variables in a string as the runner does: not those in their values.

    The runner replaces a variable without a value by nothing. Here it is not replaced, since GitLab may have
    a value that is not known.

    Args:
        text: the string.
        value_of: returns the value of a variable, with the names in it that have none; None without a value.
        longest: the maximum number of characters, before and after the expansion.
        name: what is returned as unknown if there are more.
    """
    unknown: dict[str, None] = {}

    def value(match: re.Match[str]) -> str:
        if match["input"]:
            unknown.setdefault(match[0])
            return match[0]
        name = match["braced"] or match["special"] or match["plain"] or ""
        if name == "$":
            return name
        found = None if name in _ALWAYS_EMPTY else value_of(name)
        if found is not None:
            unknown.update(dict.fromkeys(found[1]))
            return found[0]
        if name in _ALWAYS_EMPTY or not _NAME.fullmatch(name):  # GitLab has no variable with such a name
            return ""
        unknown.setdefault(name)
        return match[0]

    result = _replaced(_OF_RUNNER, str(text), value, longest)
    if result is None:
        return text[:longest], (*unknown, name)
    return result, tuple(unknown)


def _replaced(
    pattern: re.Pattern[str], text: str, value: Callable[[re.Match[str]], str], longest: int
) -> str | None:
    """A string with each match replaced; None if it is longer than allowed, before or after."""
    parts: list[str] = []
    end, length = 0, len(text)
    for match in pattern.finditer(text) if length <= longest else ():
        parts += text[end : match.start()], value(match)
        end = match.end()
        length += len(parts[-1]) - len(match[0])
        if length - (len(text) - end) > longest:
            return None
    return "".join((*parts, text[end:])) if length <= longest else None


def ways_to_give(names: Iterable[str]) -> str:
    """The command line options that set variables and inputs; empty if no option can."""
    names = list(names)
    inputs = [name.strip("$[] ").removeprefix("inputs.") for name in names if name.startswith("$[[ inputs.")]
    variables = [name for name in names if not name.startswith("$[[")]
    return " ".join(
        (*(f"--variable {name}=…" for name in variables), *(f"--input {name}=…" for name in inputs))
    )


def variables_in(text: str) -> list[str]:
    """The names of the variables and inputs in the name of an image, which only the runner expands."""
    found = (match["plain"] or match["braced"] or match["input"] for match in _OF_GITLAB.finditer(text))
    return [name for name in found if name]
