"""Many names as few words: in the order in which people count, and those in a row as one."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

_LONGEST = 18
_LEAST_ROW = 4
"""How many names in a row are worth a word of their own."""


def natural(name: str) -> tuple[tuple[str, int], ...]:
    """The sort key of a name, so that `runner-2` is before `runner-10`."""
    return tuple((text, int(digits or -1)) for text, digits in re.findall(r"(\D*)(\d{0,18})", name))


def in_rows(names: Iterable[str]) -> list[tuple[str, str]]:
    """The first and the last name of each row: `runner-2` to `runner-10`. A name alone is both."""
    rows: list[tuple[str, str]] = []
    for row in _rows(sorted(set(names), key=natural)):
        rows += [(row[0], row[-1])] if len(row) >= _LEAST_ROW else [(each, each) for each in row]
    return rows


def most_common(counted: Mapping[str, int]) -> list[tuple[str, int]]:
    """Names with their numbers, the largest first, and by their names where the numbers are equal."""
    return sorted(counted.items(), key=lambda each: (-each[1], natural(each[0])))


def _rows(names: Sequence[str]) -> Iterator[list[str]]:
    row: list[str] = []
    place: int | None = None
    for name in names:
        step = _one_up(row[-1], name) if row else None
        if step is None or place not in (None, step):
            if row:
                yield row
            row, place = [name], None
        else:
            row.append(name)
            place = step
    if row:
        yield row


def _one_up(name: str, other: str) -> int | None:
    """Which number of a name is one less than that of another, if nothing else differs."""
    parts, others = (re.split(r"(\d+)", each) for each in (name, other))
    apart = [index for index, (part, each) in enumerate(zip(parts, others, strict=False)) if part != each]
    if len(parts) != len(others) or len(apart) != 1 or apart[0] % 2 == 0:
        return None
    part, each = parts[apart[0]], others[apart[0]]
    return apart[0] if len(part) < _LONGEST and each == str(int(part) + 1) else None
