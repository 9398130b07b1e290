"""The problems of a declaration, in messages that say how to fix it."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pulumi_gitlab_runner.printable import escaped

_LONGEST_FOUND = 400
"""How many characters of what was found a message shows."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong, and where.

    Attributes:
        path: the place in the declaration, such as ``stack.runners.build.registries[1]``.
        found: the value there. Never a secret.
        allowed: the values that are allowed there; empty where `fix` says it.
        fix: what to do about it, where `allowed` does not already say it.
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
    """A declaration that cannot be made so. Its text names every problem; nothing was created."""

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


def join_path(parent: str, *parts: object) -> str:
    """The path of a place below `parent`, as the user would write it: ``stack.variables[0].key``.

    Args:
        parent: a path.
        parts: keys and indexes; a key that is no text, such as YAML's ``null``, is a part too.
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


def did_you_mean(found: str, known: Sequence[str]) -> str:
    """A hint at the known name that is meant, or those that start with what was found; or an empty text."""
    longer = [each for each in known if found and each.startswith(found)]
    meant = longer if 0 < len(longer) <= 2 else difflib.get_close_matches(found, known, 1)
    return f"did you mean {' or '.join(map(repr, meant))}?" if meant else ""
