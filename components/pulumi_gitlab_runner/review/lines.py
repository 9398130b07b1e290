"""The lines of the note, with equal lines of several resources merged into one."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from pulumi_gitlab_runner.review.dangers import Danger, DangerKind
from pulumi_gitlab_runner.review.dangers.danger import PLAINLY_DELETED, Phrase, is_known
from pulumi_gitlab_runner.review.host_state import host_of
from pulumi_gitlab_runner.review.markup import code
from pulumi_gitlab_runner.review.names import in_rows, most_common, natural
from pulumi_gitlab_runner.review.preview import Preview
from pulumi_gitlab_runner.review.values import mapping

_NAMES = 12
"""The maximum number of names in a line."""
ITS_NAME = "<name>"
"""The placeholder for the name of each resource in a merged line."""


@dataclass(frozen=True)
class Line:
    """A line of the note about one or more resources.

    Attributes:
        kind: the kind of the danger.
        of: the type of the resources; empty if they have several.
        names: the names of the resources.
        phrases: the description of the danger.
        kinds: the number of resources of each type, for deletions.
    """

    kind: DangerKind
    of: str
    names: tuple[str, ...]
    phrases: tuple[Phrase, ...]
    kinds: "Counter[str]" = field(default_factory=Counter)

    @property
    def is_known(self) -> bool:
        """Whether the preview shows the danger."""
        return is_known(self.phrases)

    @property
    def text(self) -> str:
        """The line as Markdown."""
        count = f"{len(self.names)}, " if len(self.names) > 1 else ""
        what = " ".join(phrase(words, names) for words, names in self.phrases)
        kinds = most_common(self.kinds)[:_NAMES]
        alone = sum(self.kinds.values()) == 1
        of = ", ".join(code(kind) if alone else f"{number} {code(kind)}" for kind, number in kinds)
        of = of or count + code(self.of.rpartition(":")[2])
        return f"{in_words(self.names)} ({of}): {what}"


def lines_of(dangers: Iterable[Danger], own_name: Callable[[Danger], str]) -> list[Line]:
    """The dangers as lines, in the order of the first of each.

    Args:
        dangers: the dangers, in the order of the note.
        own_name: returns the name of a danger's resource in the declaration; empty if unknown.
    """
    lines: dict[object, list[Danger]] = {}
    for danger in dangers:
        of = "" if danger.phrases == PLAINLY_DELETED else danger.of
        key = danger.kind, of, danger.is_new, _nameless(danger, own_name(danger))
        lines.setdefault(key, []).append(danger)
    merged = []
    for alike in lines.values():
        first = alike[0]
        plain = first.phrases == PLAINLY_DELETED
        names = tuple(sorted({each.name for each in alike}, key=natural))
        phrases = first.phrases if len(names) == 1 else _nameless(first, own_name(first))
        kinds = Counter(each.of.rpartition(":")[2] for each in alike) if plain else Counter()
        merged.append(Line(first.kind, "" if plain else first.of, names, phrases, kinds))
    return merged


def own_names(preview: Preview) -> Callable[[Danger], str]:
    """A function that returns the name of a danger's resource in the declaration: the name of its runner."""
    known = {manager for step in preview.steps if (manager := host_of(step))}
    for step in preview.steps:
        for declared in (step.before, step.after):
            known.update(map(str, mapping((declared or {}).get("runners"))))
    longest = sorted(known, key=len, reverse=True)
    found: dict[str, str] = {}

    def own_name(danger: Danger) -> str:
        if danger.name not in found:
            found[danger.name] = next((each for each in longest if _word(each).search(danger.name)), "")
        return found[danger.name]

    return own_name


def phrase(words: str, names: Sequence[str]) -> str:
    """A text and the names that follow it, as Markdown; of many names, the number of the others."""
    shown = [code(each) for each in names[:_NAMES]]
    if (more := len(names) - len(shown)) > 0:
        shown.append(f"and {more} more")
    return f"{words} {', '.join(shown)}" if shown else words


def in_words(names: Iterable[str]) -> str:
    """Names as Markdown: the first and the last of each row; of many rows, the number of the others."""
    rows = in_rows(names)
    shown = [
        code(first) if first == last else f"{code(first)} to {code(last)}" for first, last in rows[:_NAMES]
    ]
    if (more := len(rows) - len(shown)) > 0:
        shown.append(f"and {more} more")
    return ", ".join(shown)


def _nameless(danger: Danger, name: str) -> tuple[Phrase, ...]:
    if not name:
        return danger.phrases
    word = _word(name)
    return tuple(
        (words, tuple(word.sub(ITS_NAME, each) for each in names)) for words, names in danger.phrases
    )


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])")
