"""A danger, and the kinds of dangers."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pulumi_gitlab_runner.review.preview import UNKNOWN

NOT_KNOWN = "is known only after the update"

Phrase = tuple[str, tuple[str, ...]]
"""A fixed text, and the names that follow it."""


PLAINLY_DELETED: tuple[Phrase, ...] = (("is deleted", ()),)
"""The phrases of a deletion without further loss."""


class DangerKind(StrEnum):
    """The kind of a danger, in the order of the note: the most severe first."""

    PRIVILEGE = "More privileges for jobs"
    DELETION = "Deleted"
    REPLACEMENT = "Replaced"
    QUEUE = "Jobs will wait: action required during deployment"
    OWNERS = "Action required in other accounts"
    RUNNER = "Runners accept more jobs"
    VARIABLE = "Reduced protection of CI variables"
    PROTECTION = "Reduced protection of AWS resources"
    REGISTRY = "New access to registries"
    PERMISSION = "Additional permissions"


@dataclass(frozen=True)
class Danger:
    """A change that the note lists first. It never contains a secret.

    Attributes:
        kind: the kind of the danger.
        of: the type of the resource.
        name: the name of the resource.
        phrases: the description: fixed texts, each with the names from the stack that follow it.
        is_new: whether the resource is created.
    """

    kind: DangerKind
    of: str
    name: str
    phrases: tuple[Phrase, ...]
    is_new: bool


Found = Iterator[tuple[DangerKind, tuple[Phrase, ...]]]
"""The dangers of one resource."""


def is_known(phrases: tuple[Phrase, ...]) -> bool:
    """Whether the preview shows the danger; otherwise it shows only that there may be one."""
    return not any(words.endswith(NOT_KNOWN) for words, _ in phrases)


def named(value: Any) -> str:
    """A value as a name in a phrase; a text for a value that is known after the update."""
    return "known after the update" if value == UNKNOWN else str(value)
