"""Text and tables for a terminal of any width: lines are folded to it, and only a longer word is broken."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.text import Text

_BREAK = re.compile(r"(?<=[\s/,])(?=\S)|(?=@)")
"""The possible line breaks: after a space, and between the parts of an address."""
_INDENT = 2
_PADDING = re.compile(" +$", re.MULTILINE)


@contextmanager
def unpadded() -> Iterator[Console]:
    """The standard output, without the spaces with which Rich fills lines: logs and files keep them."""
    console = Console(highlight=False)
    with console.capture() as captured:
        yield console
    console.file.write(_PADDING.sub("", captured.get()))


class Folded:
    """A text that is folded after a space, else between the parts of an address.

    Args:
        text: the text.
        indent: the indentation of all lines but the first, in columns.
    """

    def __init__(self, text: Text | str, indent: int = 0) -> None:
        self.text = Text(text) if isinstance(text, str) else text
        self.indent = indent

    def lines(self, width: int) -> list[Text]:
        """The lines of the text, folded to `width` columns."""
        folded: list[Text] = []
        width = max(width, self.indent + 1)
        for line in self.text.split("\n", allow_blank=True):
            while line.cell_len > width - (self.indent if folded else 0):
                cut = _cut(line.plain, width - (self.indent if folded else 0))
                first, line = line.divide([cut])
                first.rstrip()
                folded.append(_indented(first, self.indent if folded else 0))
            folded.append(_indented(line, self.indent if folded else 0))
        return folded

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        yield from self.lines(options.max_width)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        lines = self.text.plain.split("\n")
        longest = max(map(len, lines))
        return Measurement(min(longest, 20), longest)


class TerminalTable:
    """A table whose last column may be long, such as an address.

    If a row does not fit, its last cell is in the next line; if the other columns alone do not fit, every
    cell has its own line.

    Args:
        titles: the titles of the columns.
    """

    def __init__(self, *titles: str) -> None:
        self.titles = titles
        self.rows: list[tuple[Text, ...]] = []

    def add(self, *cells: Text | str) -> None:
        """Add a row with a cell for each title."""
        self.rows.append(tuple(Text(each) if isinstance(each, str) else each for each in cells))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text | Folded]:
        width, gap = options.max_width, 3
        widths = [
            max(cell.cell_len for cell in (Text(title), *(row[index] for row in self.rows)))
            for index, title in enumerate(self.titles)
        ]
        header = [Text(title, "bold") for title in self.titles]
        before_last = sum(widths[:-1]) + gap * (len(widths) - 1)
        if before_last - gap <= width:
            for row in (header, *self.rows):
                if before_last + row[-1].cell_len <= width:
                    yield _aligned(row, widths, gap)
                else:
                    yield _aligned(row[:-1], widths, gap)
                    yield from _below(row[-1], width)
        else:
            for row in self.rows:
                yield Folded(Text.assemble(header[0], "  ", row[0]), _INDENT)
                for title, cell in zip(header[1:], row[1:], strict=True):
                    if cell:
                        yield from _below(Text.assemble((title.plain, "dim"), "  ", cell), width, _INDENT)


def _below(cell: Text, width: int, indent: int = 0) -> Iterator[Text]:
    if cell:
        yield from (_indented(line, _INDENT) for line in Folded(cell, indent).lines(width - _INDENT))


def _aligned(cells: Sequence[Text], widths: list[int], gap: int) -> Text:
    line = Text()
    for cell, width in zip(cells, widths, strict=False):
        line.append_text(cell)
        line.append(" " * (width + gap - cell.cell_len))
    line.rstrip()
    return line


def _indented(line: Text, indent: int) -> Text:
    return Text.assemble(" " * indent, line) if indent else line


def _cut(text: str, width: int) -> int:
    """The position of the line break in a text longer than `width`; never directly after an indented mark."""
    places = [found.start() for found in _BREAK.finditer(text) if _INDENT < found.start() <= width]
    spaces = [place for place in places if text[place - 1].isspace()]
    return (spaces or places or [width])[-1]
