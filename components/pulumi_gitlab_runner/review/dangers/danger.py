"""What a danger is, and the kinds that there are."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pulumi_gitlab_runner.review.preview import UNKNOWN

NOT_KNOWN = "does not show before the update; look at it afterwards"

Phrase = tuple[str, tuple[str, ...]]
"""A few words of ours, and the names that they are about."""


class DangerKind(StrEnum):
    """What kind of danger it is, in the order in which they are told."""

    REPLACEMENT = "Replaced"
    DELETION = "Deleted"
    RIGHTS = "Rights gained"
    REGISTRY = "Registries newly reachable"
    OWNERS = "Other accounts whose owners must act"
    PRIVILEGE = "Jobs closer to the host"
    RUNNER = "Runners open to more jobs"
    PROTECTION = "AWS resources less protected"
    VARIABLE = "CI variables less protected"


@dataclass(frozen=True)
class Danger:
    """One thing that deserves a look before it happens. No part of it is ever a secret.

    Attributes:
        kind: what kind it is.
        of: the type of the resource.
        name: the resource's name.
        told: what happens: phrases of ours, each with the names that follow it, in the words of the stack.
    """

    kind: DangerKind
    of: str
    name: str
    told: tuple[Phrase, ...]


Found = Iterator[tuple[DangerKind, tuple[Phrase, ...]]]
"""What is found at one resource."""


def named(value: Any) -> str:
    """A value as a name, in words where only the update will know it."""
    return "known after the update" if value == UNKNOWN else str(value)
