"""Patterns of image names in config.toml, as the runner matches them."""

import re
from functools import cache
from itertools import pairwise

_CLASS = re.compile(r"\[(?P<negated>[!^]?)(?P<items>(?:\\.|[^\]\\])+)\]", re.DOTALL)
_ITEM = re.compile(r"\\?(.)(?:-\\?(.))?", re.DOTALL)
_MOST_ALTERNATIVES = 1_000


def matches_pattern(pattern: str, image: str) -> bool:
    """Whether a pattern of ``allowed_images`` or a key like it matches the text of an image's name.

    ``*`` does not match ``/``; ``**`` does so only as a whole part of the path, such as in ``host/**/name``.
    An invalid pattern matches nothing.

    Source: gitlab-runner 19.3, common/allowed_images.go and executors/docker/docker.go, with `Match` of
    github.com/bmatcuk/doublestar/v4.
    """
    return any(each is not None and each.fullmatch(image) is not None for each in _compiled(pattern))


@cache
def _compiled(pattern: str) -> tuple[re.Pattern[str] | None, ...]:
    alternatives = [pattern]
    for _ in range(_MOST_ALTERNATIVES):
        at = next((at for at, each in enumerate(alternatives) if _braces(each)), None)
        if at is None:
            break
        alternatives[at : at + 1] = _without_braces(alternatives[at])
    return tuple(_expression(each) for each in alternatives)


def _braces(pattern: str) -> tuple[int, list[int]] | None:
    """The position of the first `{`, and those of its commas and of its `}`; None if there is none."""
    opened: list[int] = []
    ends: list[int] = []
    for found in re.finditer(r"\\.|\[(?:\\.|[^\]\\])+\]|[{},]", pattern, re.DOTALL):
        if found[0] == "{":
            opened.append(found.start())
        elif opened and found[0] in ",}":
            ends += [found.start()] if len(opened) == 1 else []
            if found[0] == "}" and len(opened) == 1:
                return opened[0], ends
            if found[0] == "}":
                opened.pop()
    return None


def _without_braces(pattern: str) -> list[str]:
    found = _braces(pattern)
    if found is None:
        return [pattern]
    start, ends = found
    bounds = [start, *ends]
    return [
        pattern[:start] + pattern[left + 1 : right] + pattern[ends[-1] + 1 :]
        for left, right in pairwise(bounds)
    ]


def _expression(pattern: str) -> re.Pattern[str] | None:
    """The regular expression of a pattern without braces; None for an invalid pattern."""
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        begins = at == 0 or pattern[at - 1] == "/"
        rest = pattern[at:]
        if rest in ("/**", "/**/"):
            parts.append("(?:/.*)?" if rest == "/**" else "(?:/(?:.*/)?)?")
            at += len(rest)
        elif begins and rest == "**":
            parts.append(".*")
            at += 2
        elif begins and rest.startswith("**/"):
            parts.append("(?:.*/)?")
            at += 3
        elif rest[0] == "*":
            parts.append("[^/]*")
            at += 1
        elif rest[0] == "?":
            parts.append("[^/]")
            at += 1
        elif rest[0] == "[":
            found = _CLASS.match(rest)
            if found is None:
                return None
            parts.append(_class(found))
            at += len(found[0])
        elif rest[0] == "{" or rest == "\\":
            return None
        else:
            at += rest[0] == "\\"
            parts.append(re.escape(pattern[at]))
            at += 1
    return re.compile("".join(parts), re.DOTALL)


def _class(found: re.Match[str]) -> str:
    """The regular expression of a character class; of a range whose end is before its start, the start."""
    ranges = (
        re.escape(each[1]) + (f"-{re.escape(each[2])}" if each[2] and each[1] <= each[2] else "")
        for each in _ITEM.finditer(found["items"])
    )
    return f"[{'^' if found['negated'] else ''}{''.join(ranges)}]"
