"""A flowchart in Mermaid: entries on the left, entries on the right, and arrows from one to the other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pulumi_gitlab_runner.review.markup import label
from pulumi_gitlab_runner.review.names import in_rows

_T = TypeVar("_T")

_SETTINGS = '%%{init: {"flowchart": {"wrappingWidth": 700, "rankSpacing": 90}}}%%'
"""The width of a node is large enough that Mermaid wraps no line: `label` shortens each."""
_CHANGES = {
    "added": ("==>|added|", "#1a7f37", "fill:#dff5e3,stroke:#1a7f37,color:#0b3d1c"),
    "removed": ("-.->|removed|", "#d1242f", "fill:#fde3e1,stroke:#d1242f,color:#5c110e,stroke-dasharray:5"),
    "changed": ("-->", "#b06000", "fill:#fdf1d3,stroke:#b06000,color:#4a2a00"),
}
"""The style of each change: its arrow, the colour of the arrow, and its node. GitLab has light and dark
pages, so a node sets its background and its text colour."""


@dataclass(frozen=True)
class Entry:
    """An entry on one side.

    Attributes:
        name: the name.
        detail: a second line; empty for none.
        change: ``added``, ``removed``, ``changed``, or empty.
    """

    name: str
    detail: str = ""
    change: str = ""


def flowchart(
    left: Iterable[Entry], right: Iterable[Entry], arrows: Mapping[tuple[Entry, Entry], str]
) -> str:
    """The flowchart. Entries of a side that have the same change and the same arrows share a node.

    Args:
        left: the entries at which arrows start.
        right: the entries at which arrows end.
        arrows: the two entries of each arrow, and its change: ``added``, ``removed``, ``changed``, or empty.
    """
    leaving: dict[Entry, set[tuple[Entry, str]]] = {entry: set() for entry in left}
    for (source, target), change in arrows.items():
        leaving[source].add((target, change))
    sources = _alike(leaving)
    arriving: dict[Entry, set[tuple[int, str]]] = {entry: set() for entry in right}
    for number, (first, *_) in enumerate(sources):
        for target, change in leaving[first]:
            arriving[target].add((number, change))
    targets = _alike(arriving)

    lines = [_SETTINGS, "flowchart LR"]
    lines += [_node(number, entries) for number, entries in enumerate(sources + targets)]
    joined = sorted(
        (source, target, change)
        for target, (first, *_) in enumerate(targets, len(sources))
        for source, change in arriving[first]
    )
    lines += [
        f"n{source} {_CHANGES[change][0] if change else '-->'} n{target}" for source, target, change in joined
    ]
    for change, (_, colour, style) in _CHANGES.items():
        if drawn := [str(number) for number, (*_, each) in enumerate(joined) if each == change]:
            lines.append(f"linkStyle {','.join(drawn)} stroke:{colour}")
        if any(first.change == change for first, *_ in sources + targets):
            lines.append(f"classDef {change} {style}")
    return "\n".join(lines)


def _alike(joined: Mapping[Entry, set[_T]]) -> list[list[Entry]]:
    """The entries in groups with the same change and the same arrows."""
    nodes: dict[tuple[str, frozenset[_T]], list[Entry]] = {}
    for entry, others in joined.items():
        nodes.setdefault((entry.change, frozenset(others)), []).append(entry)
    return list(nodes.values())


def _node(number: int, entries: list[Entry]) -> str:
    lines: list[str] = []
    plain = [entry.name for entry in entries if not entry.detail]
    rows = in_rows(plain)
    if len(rows) < len(set(plain)):
        lines += [
            label(first) if first == last else f"{label(first)} to {label(last)}" for first, last in rows
        ]
        lines.append(f"<i>{len(plain)} in total</i>")
    else:
        lines += [label(name) for name in plain]
    for entry in entries:
        if entry.detail:
            lines += [f"<b>{label(entry.name)}</b>", label(entry.detail)]
    change = entries[0].change
    if change:
        lines.append(f"<i>{change}</i>")
    return f'n{number}["{"<br>".join(lines)}"]' + (f":::{change}" if change else "")
