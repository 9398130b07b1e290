"""A danger, and the kinds of dangers."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pulumi_gitlab_runner.review.preview import UNKNOWN

NOT_KNOWN = "is known only after the update"

Phrase = tuple[str, tuple[str, ...]]
"""A few words of ours, and the names that they are about."""


PLAINLY_DELETED: tuple[Phrase, ...] = (("is deleted", ()),)
"""The phrases for a resource with which nothing else is lost."""


class DangerKind(StrEnum):
    """The kind of a danger, in the order of the note: the gravest first."""

    PRIVILEGE = "Jobs closer to the host"
    DELETION = "Deleted"
    REPLACEMENT = "Replaced"
    QUEUE = "Jobs that wait: act when deploying"
    OWNERS = "Other accounts whose owners must act"
    RUNNER = "Runners open to more jobs"
    VARIABLE = "CI variables less protected"
    PROTECTION = "AWS resources less protected"
    REGISTRY = "Registries newly reachable"
    RIGHTS = "Rights gained"


@dataclass(frozen=True)
class Danger:
    """One thing that deserves a look before it happens. No part of it is ever a secret.

    Attributes:
        kind: what kind it is.
        of: the type of the resource.
        name: the resource's name.
        phrases: what happens: phrases of ours, each with the names that follow it, in the words of the stack.
        is_new: whether the resource itself is new, and what it has is what it starts with.
    """

    kind: DangerKind
    of: str
    name: str
    phrases: tuple[Phrase, ...]
    is_new: bool


Found = Iterator[tuple[DangerKind, tuple[Phrase, ...]]]
"""The dangers of one resource."""


def is_known(phrases: tuple[Phrase, ...]) -> bool:
    """Whether the preview shows the danger itself, and not only that there may be one."""
    return not any(words.endswith(NOT_KNOWN) for words, _ in phrases)


def named(value: Any) -> str:
    """A value as a name, in words where only the update will know it."""
    return "known after the update" if value == UNKNOWN else str(value)
