"""A pipeline's YAML as GitLab reads it, in which each string has its place in the file.

Source: GitLab 18, lib/gitlab/config/loader/yaml.rb and multi_doc_yaml.rb, lib/gitlab/ci/config/yaml/; for
merge keys, tags and repeated keys Psych 5, lib/psych/visitors/to_ruby.rb.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from pulumi_gitlab_runner.doctor.errors import UsageError
from pulumi_gitlab_runner.doctor.pipelines.values import inner
from pulumi_gitlab_runner.doctor.text_file import read_text

DEEPEST = 100
"""GitLab's default for `max_yaml_depth`."""
MOST_VALUES = 200_000
"""The maximum number of values, with an alias counted each time that it is used: more than GitLab's default
for `max_yaml_size_bytes` allows (2 MiB, at least 40 bytes for each value)."""

_DIVIDER = re.compile(r"^---[ \t\r\n\f\v]+", re.MULTILINE)
_MOST_DOCUMENTS = 2
_BYTE_ORDER_MARK = "\ufeff"
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
"""An anchor and a tag, which are part of the range of the scalar after them."""
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STANDARD = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Reference:
    """A ``!reference [job, key, …]``."""

    keys: tuple[str, ...]


@dataclass(frozen=True)
class Missing:
    """An unresolved reference: its job may be in an include that was not read."""

    name: str


@dataclass(frozen=True, eq=False)
class Source:
    """The text of a file, or of a part of it, with its inputs interpolated.

    Attributes:
        file: the file.
        original: the whole content of the file.
        text: the text that is parsed as YAML.
        pieces: for each piece of the text: its start in the text, its start in the file, and whether it is
            unchanged.
    """

    file: Path
    original: str = field(repr=False)
    text: str = field(repr=False)
    pieces: tuple[tuple[int, int, bool], ...]

    def in_file(self, start: int, end: int) -> tuple[int, int] | None:
        """The range in the file of a range of the text; None if a part of it was interpolated."""
        first, last = self._piece(start), self._piece(max(start, end - 1))
        if first != last or not self.pieces[first][2]:
            return None
        shift = self.pieces[first][1] - self.pieces[first][0]
        return start + shift, end + shift

    def position_of(self, position: int) -> int:
        """The position in the file of a position in the text; within an input, that of its block."""
        at, in_file, same = self.pieces[self._piece(position)]
        return in_file + (position - at if same else 0)

    def line_of(self, position: int) -> int:
        """The line number in the file, from 1, of a position in the text."""
        return 1 + bisect_right(self._line_ends, self.position_of(position))

    def _piece(self, position: int) -> int:
        return max(0, bisect_right(self._starts, position) - 1)

    @cached_property
    def _starts(self) -> list[int]:
        return [start for start, _, _ in self.pieces]

    @cached_property
    def _line_ends(self) -> list[int]:
        return [found.end() for found in re.finditer(r"\n", self.original)]


@dataclass(frozen=True)
class Place:
    """The place of a string in a file.

    Attributes:
        file: the file.
        line: the line number, from 1.
        start: the start position in the file, including the quotation mark.
        end: the end position.
        written: the text between these positions.
        quote: the quotation mark around it; empty for none.
        unchangeable: why it cannot be replaced; empty if it can.
    """

    file: Path
    line: int
    start: int
    end: int
    written: str
    quote: str = ""
    unchangeable: str = ""


class WrittenText(str):
    """A string of a pipeline with its place in the file, which merging, extending and references preserve."""

    __slots__ = ("_end", "_source", "_start", "_style")
    _source: Source
    _start: int
    _end: int
    _style: str

    @classmethod
    def at(cls, text: str, source: Source, start: int, end: int, style: str) -> "WrittenText":
        """A string with its range in the source, and its YAML scalar style."""
        written = cls(text)
        written._source, written._start, written._end, written._style = source, start, end, style
        return written

    @property
    def place(self) -> Place:
        """The place of the string in the file."""
        source = self._source
        properties = _PROPERTIES.match(source.text, self._start, self._end)
        start = properties.end() if properties else self._start
        line = source.line_of(start)
        found = source.in_file(start, self._end)
        if found is None:
            begin = source.position_of(start)
            return Place(source.file, line, begin, begin, str(self), unchangeable="it contains an input")
        written = source.original[found[0] : found[1]]
        block = "it is a block scalar" if self._style in ("|", ">") else ""
        quote = self._style if self._style in ("'", '"') else ""
        return Place(source.file, line, *found, written, quote, block)


@dataclass(frozen=True)
class Documents:
    """The documents of a file.

    Attributes:
        header: the header with ``spec:``; empty if the file has none.
        content: the source of the pipeline.
    """

    header: Mapping[str, Any]
    content: Source


def read_documents(file: Path) -> Documents:
    """Read a file, and find the document of the pipeline.

    If the first document contains ``spec:``, the pipeline is the last of at most three; else it is the first.

    Raises:
        UsageError: the file cannot be read, or its header is not YAML.
    """
    original = read_text(file)
    begin = 1 if original.startswith(_BYTE_ORDER_MARK) else 0
    bounds = [begin]
    for found in _DIVIDER.finditer(original, begin):
        if len(bounds) <= 2 * _MOST_DOCUMENTS:
            bounds += [found.start(), found.end()]
    bounds.append(len(original))
    parts = [
        Source(file, original, original[start:end], ((0, start, True),))
        for start, end in zip(bounds[::2], bounds[1::2], strict=True)
    ]
    filled = [part for part in parts if not _is_blank(part)] or parts[:1]
    if len(filled) > 1:
        header = read_yaml(filled[0])
        if isinstance(header, dict) and "spec" in header:
            return Documents(header, filled[-1])
    return Documents({}, filled[0])


def _is_blank(source: Source) -> bool:
    lines = source.text.splitlines()
    return all(not line.strip() or line.lstrip().startswith("#") for line in lines)


def read_yaml(source: Source) -> Any:
    """The first document of a source, with `WrittenText` strings and merge keys resolved.

    Raises:
        UsageError: it is not valid YAML, is nested too deeply, or is too large with its aliases resolved.
    """
    try:
        value = _Builder(source).read()
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        position = mark.index if mark else getattr(error, "position", None)
        raise _not_yaml(source, position, getattr(error, "problem", None)) from None
    _check_size(value, source)
    return value


def _not_yaml(source: Source, position: object, problem: str | None = None) -> UsageError:
    """The error of a text that is not YAML, with the parser's words, which have no values of the text."""
    line = f", line {source.line_of(position)}" if isinstance(position, int) else ""
    why = f": {problem}" if problem else ""
    return UsageError(f"{source.file}{line}: this is not valid YAML{why}")


def _too_deep(source: Source) -> UsageError:
    return UsageError(
        f"{source.file}: the YAML is nested more than {DEEPEST} levels deep, or contains itself"
    )


def _check_size(value: object, source: Source) -> None:
    left, counted = [(value, 1)], 0
    while left:
        each, depth = left.pop()
        counted += 1
        if depth > DEEPEST:
            raise _too_deep(source)
        if counted > MOST_VALUES:
            raise UsageError(
                f"{source.file}: the YAML is too large with its aliases: over {MOST_VALUES} values"
            )
        left += [(below, depth + 1) for below in inner(each)]


def _index(mark: object) -> int:
    """The position of a mark of PyYAML's loader in C or in Python."""
    index: int = getattr(mark, "index", 0)
    return index


@dataclass
class _Open:
    """A list or mapping that is being read, with the key of the next value."""

    value: Any
    tag: str | None
    anchor: str | None
    key: str | None = None
    merges: bool = False


class _Builder:
    """Builds values from YAML events, without recursion: untrusted YAML may be nested to any depth."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._loader = _LOADER(source.text)
        self._anchors: dict[str | None, Any] = {}  # None: values without an anchor, which no alias names
        self._open: list[_Open] = []
        self._result: Any = None

    def read(self) -> Any:
        for event in self._events():
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, yaml.AliasEvent):
                if event.anchor not in self._anchors:
                    raise self._not_yaml(event)
                self._add(self._anchors[event.anchor])
            elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
                value: Any = [] if isinstance(event, yaml.SequenceStartEvent) else {}
                self._anchors[event.anchor] = value
                if len(self._open) >= DEEPEST:
                    raise _too_deep(self._source)
                self._open.append(_Open(value, event.tag, event.anchor))
            elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
                self._close(event)
        return self._result

    def _not_yaml(self, event: yaml.Event) -> UsageError:
        return _not_yaml(self._source, _index(event.start_mark))

    def _events(self) -> Iterator[yaml.Event]:
        """The events of the first document."""
        while self._loader.check_event():
            event: yaml.Event = self._loader.get_event()  # type: ignore
            if isinstance(event, yaml.DocumentEndEvent):
                return
            yield event

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        tag = event.tag
        if tag is None or tag == "!":
            tag = str(self._loader.resolve(yaml.ScalarNode, event.value, event.implicit))  # type: ignore
        within = self._open[-1] if self._open else None
        if within and isinstance(within.value, dict) and within.key is None:
            within.key, within.merges = event.value, tag == f"{_STANDARD}merge"
            if event.anchor:
                self._anchors[event.anchor] = self._text(event)
            return
        self._anchors[event.anchor] = value = self._value(tag, event)
        self._add(value)

    def _value(self, tag: str, event: yaml.ScalarEvent) -> Any:
        if tag == "!reference":
            raise self._not_yaml(event)
        kind = tag.removeprefix(_STANDARD)
        if tag.startswith(_STANDARD) and kind in ("null", "bool", "int", "float"):
            node = yaml.ScalarNode(tag, event.value)
            return getattr(self._loader, f"construct_yaml_{kind}")(node)
        return self._text(event)

    def _text(self, event: yaml.ScalarEvent) -> WrittenText:
        start, end = _index(event.start_mark), _index(event.end_mark)
        return WrittenText.at(event.value, self._source, start, end, event.style or "")

    def _close(self, event: yaml.Event) -> None:
        closed = self._open.pop()
        if closed.tag == "!reference":
            if not isinstance(closed.value, list) or not all(isinstance(key, str) for key in closed.value):
                raise self._not_yaml(event)
            self._anchors[closed.anchor] = reference = Reference(tuple(map(str, closed.value)))
            self._add(reference)
        else:
            self._add(closed.value)

    def _add(self, value: Any) -> None:
        """Add a value to the list or mapping that is being read."""
        if not self._open:
            self._result = value
            return
        within = self._open[-1]
        if isinstance(within.value, list):
            within.value.append(value)
        elif within.key is None:
            within.key = str(value)  # an alias, list or mapping as a key: GitLab has no such key
        else:
            key, within.key = within.key, None
            merged = _merged_in(value) if within.merges else None
            # As in Psych, the merged keys are set in the order of the file: they replace those before `<<`.
            within.value.update({key: value} if merged is None else merged)
            within.merges = False


def _merged_in(value: object) -> dict[str, Any] | None:
    """The merged mappings of ``<<``, of which the first has precedence; None for other values."""
    several = value if isinstance(value, list) else [value]
    if not all(isinstance(each, dict) for each in several):
        return None
    result: dict[str, Any] = {}
    for each in reversed(several):
        result |= each
    return result
