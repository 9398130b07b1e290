"""The natural order of names, and rows of names with consecutive numbers."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

_LONGEST = 18
_LEAST_ROW = 4
"""The minimum number of names in a row."""


def natural(name: str) -> tuple[tuple[str, int], ...]:
    """The sort key of a name, so that `runner-2` is before `runner-10`."""
    return tuple((text, int(digits or -1)) for text, digits in re.findall(r"(\D*)(\d{0,18})", name))


def in_rows(names: Iterable[str]) -> list[tuple[str, str]]:
    """The first and the last name of each row, such as `runner-2` and `runner-10`; a single name is both."""
    rows: list[tuple[str, str]] = []
    for row in _rows(sorted(set(names), key=natural)):
        rows += [(row[0], row[-1])] if len(row) >= _LEAST_ROW else [(each, each) for each in row]
    return rows


def most_common(counted: Mapping[str, int]) -> list[tuple[str, int]]:
    """Names with their counts, the largest count first, and equal counts by name."""
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
    """The index of the number that is one less in a name than in another; None if anything else differs."""
    parts, others = (re.split(r"(\d+)", each) for each in (name, other))
    apart = [index for index, (part, each) in enumerate(zip(parts, others, strict=False)) if part != each]
    if len(parts) != len(others) or len(apart) != 1 or apart[0] % 2 == 0:
        return None
    part, each = parts[apart[0]], others[apart[0]]
    return apart[0] if len(part) < _LONGEST and each == str(int(part) + 1) else None
