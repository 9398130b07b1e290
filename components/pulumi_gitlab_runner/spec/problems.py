"""The problems of a declaration, in messages that say how to fix it."""

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_gitlab_runner.printable import escaped

_LONGEST_FOUND = 400
"""The maximum length of `found` in a message, in characters."""


@dataclass(frozen=True, order=True)
class Problem:
    """An error in a declaration.

    Attributes:
        path: the path in the declaration, such as ``stack.runners.build.registries[1]``.
        found: the value that was found. Never a secret.
        allowed: the values that are allowed; empty if `fix` contains them.
        fix: the fix, if it does not follow from `allowed`; else empty.
    """

    path: str
    found: str
    allowed: str
    fix: str = ""

    def __str__(self) -> str:
        lines = [self.path, f"  found:   {_shortened(self.found)}"]
        if self.allowed:
            lines.append(f"  allowed: {self.allowed}")
        if self.fix:
            lines.append(f"  fix:     {self.fix}")
        return escaped("\n".join(lines), lines=True)


def _shortened(found: str) -> str:
    if len(found) <= _LONGEST_FOUND:
        return found
    return f"{found[:_LONGEST_FOUND]}… ({len(found):,} characters)"


class DeclarationError(ValueError):
    """A declaration with problems. The message contains all of them; nothing was created."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        super().__init__(self.text(created="; nothing was created"))

    def text(self, created: str) -> str:
        """Every problem, below a line with how many there are.

        Args:
            created: what that line says about what was created.
        """
        count = "a problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        return "\n\n".join((f"The declaration has {count}{created}.", *map(str, self.problems)))


def refuse(problems: Iterable[Problem]) -> None:
    """Refuse a declaration that has problems.

    Raises:
        DeclarationError: there are problems; contains all of them.
    """
    if found := list(problems):
        raise DeclarationError(found)


def join_path(parent: str, *parts: object) -> str:
    """The path of a value below `parent`, such as ``stack.variables[0].key``.

    Args:
        parent: a path.
        parts: keys and indexes; also keys that are not text, such as YAML's ``null``.
    """
    path = parent
    for part in parts:
        if not isinstance(part, str):
            path += f"[{part}]"
        elif part.replace("_", "").replace("-", "").isalnum():
            path += f".{part}"
        else:
            path += f'["{escaped(part)}"]'
    return path


def listed(names: Iterable[str], nothing: str = "nothing") -> str:
    """Names as one line, in the order given."""
    return escaped(", ".join(names)) or nothing


def form_problems(
    found: str, path: str, form: re.Pattern[str], allowed: str, fix: str = ""
) -> Iterator[Problem]:
    """The problem of a text that does not have a form."""
    if not form.fullmatch(found):
        yield Problem(path, repr(found), allowed, fix)


def choice_problems(found: str, path: str, known: Collection[str]) -> Iterator[Problem]:
    """The problem of a text that is none of the known ones."""
    if found not in known:
        yield Problem(path, repr(found), listed(known), did_you_mean(found, list(known)))


def minimum_problems(
    declaration: Mapping[str, Any], least: Mapping[str, int], path: str
) -> Iterator[Problem]:
    """The problems of numbers that are below their minimum.

    Args:
        declaration: the declaration with the numbers; a missing key is not a problem.
        least: the minimum of each key.
        path: the path of the declaration.
    """
    for key, number in least.items():
        value = declaration.get(key, number)
        if value < number:
            yield Problem(join_path(path, key), str(value), f"{number} or more")


def did_you_mean(found: str, known: Sequence[str]) -> str:
    """A suggestion of the most similar known names, or of longer names; empty if there are none."""
    longer = [each for each in known if found and each.startswith(found)]
    meant = longer if 0 < len(longer) <= 2 else difflib.get_close_matches(found, known, 1)
    return f"did you mean {' or '.join(map(repr, meant))}?" if meant else ""
