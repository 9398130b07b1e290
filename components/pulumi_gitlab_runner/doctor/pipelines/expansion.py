"""Expansion of CI variables in strings."""

import re
from collections.abc import Iterable, Mapping

_VARIABLE = re.compile(r"\$\$|\$\{(\w+)\}|\$(\w+)|(\$\[\[.*?\]\])")
_DEEPEST = 10
_LONGEST = 8_192
"""The maximum length of a string, before and after its expansion: longer than any image name."""


class RawText(str):
    """The value of a variable with ``expand: false``, in which no variable is expanded."""

    __slots__ = ()


def expand(text: str, variables: Mapping[str, str], longest: int = _LONGEST) -> tuple[str, tuple[str, ...]]:
    """Expand the variables in a string, and return their names if they have no value.

    A variable without a value is not replaced.

    Args:
        text: the string.
        variables: the values, by name.
        longest: the maximum number of characters, before and after the expansion.
    """
    unknown: dict[str, None] = {}

    def expanded(text: str, within: tuple[str, ...]) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2] or match[3]
            if name is None:
                return "$"
            if name not in variables or name in within or len(within) >= _DEEPEST:
                unknown.setdefault(name)
                return match[0]
            if isinstance(variables[name], RawText):
                return variables[name]
            if name not in known:
                known[name] = expanded(variables[name], (*within, name))
            return known[name]

        result = _VARIABLE.sub(value, text) if len(text) <= longest else text
        if len(result) > longest:
            unknown.update(dict.fromkeys(within[-1:] or ("…",)))
            return text[:longest]
        return result

    known: dict[str, str] = {}
    return expanded(str(text), ()), tuple(unknown)


def ways_to_give(names: Iterable[str]) -> str:
    """The command line options that set variables and inputs; empty if no option can."""
    names = list(names)
    inputs = [name.strip("$[] ").removeprefix("inputs.") for name in names if name.startswith("$[[ inputs.")]
    variables = [name for name in names if not name.startswith("$[[")]
    return " ".join(
        (*(f"--variable {name}=…" for name in variables), *(f"--input {name}=…" for name in inputs))
    )


def variables_in(text: str) -> list[str]:
    """The names of the variables and inputs in a string."""
    return [name for match in _VARIABLE.finditer(text) if (name := match[1] or match[2] or match[3])]
