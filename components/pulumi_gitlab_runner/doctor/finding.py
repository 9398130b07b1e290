"""A finding: something that breaks pulls, or will."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. No part of it ever holds a secret.

    Attributes:
        name: what kind of finding it is, such as ``helper-missing``; it stays the same between versions.
        where: the place: a file, a variable, an image.
        what: what was found there.
        why: why it matters.
        mend: what to do about it.
    """

    name: str
    where: str
    what: str
    why: str
    mend: str
