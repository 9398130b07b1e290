"""A registry's answer about an image."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The kinds of answers."""

    FOUND = "found"
    NO_IMAGE = "no such image"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    TOO_MANY_REQUESTS = "too many requests"
    NOT_TRUSTED = "certificate not trusted"
    UNREACHABLE = "unreachable"
    NO_REGISTRY = "not a registry"
    FAILED = "failed"


@dataclass(frozen=True)
class RegistryAnswer:
    """A registry's answer about an image, without secrets.

    Attributes:
        outcome: the kind of answer.
        message: a sentence about the answer.
        digest: the digest of the image's manifest; None if it was not found.
    """

    outcome: Outcome
    message: str
    digest: str | None = None
