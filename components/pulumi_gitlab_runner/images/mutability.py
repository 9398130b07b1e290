"""Which tags of an ECR repository may be moved to another image."""

import re
from collections.abc import Sequence

ALL_TAGS = "*"


def tag_mutability(mutable_tags: Sequence[str]) -> tuple[str, list[dict[str, str]]]:
    """ECR's mode for the tags of a repository, and the filters for those that are excepted from it.

    Args:
        mutable_tags: patterns of the tags that may be moved, such as ``latest`` or ``cache-*``.
    """
    if ALL_TAGS in mutable_tags:
        return "MUTABLE", []
    if not mutable_tags:
        return "IMMUTABLE", []
    return "IMMUTABLE_WITH_EXCLUSION", [{"filter": each, "filter_type": "WILDCARD"} for each in mutable_tags]


def is_mutable(tag: str, mutable_tags: Sequence[str]) -> bool:
    """Whether a tag may be moved, in a repository with these patterns of mutable tags."""
    return matches_any(tag, mutable_tags)


def matches_any(tag: str, patterns: Sequence[str]) -> bool:
    """Whether one of ECR's patterns, in which ``*`` matches anything, matches a tag."""
    return any(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), tag) for pattern in patterns)
