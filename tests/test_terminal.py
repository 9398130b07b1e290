"""Tables and texts on terminals of any width."""

import io
import re

import pytest
from pulumi_gitlab_runner.terminal import Folded, TerminalTable
from rich.console import Console
from rich.table import Table
from rich.text import Text

IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/postgres:17@sha256:{'0' * 64}"


def printed(what: object, width: int = 80) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=width, highlight=False).print(what)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("short", ["short"]),
        ("one two three", ["one two", "three"]),
        ("a/path/of/parts", ["a/path/of/", "parts"]),
        ("name:1@sha256:0", ["name:1", "@sha256:0"]),
        ("to a/long/path", ["to", "a/long/pat"[:7], "path"]),
        ("abcdefghijklmno", ["abcdefghij", "klmno"]),
        ("first\n\nlast line of it", ["first", "", "last line", "of it"]),
    ],
)
def test_a_text_goes_on_at_a_space_else_at_a_part_of_an_address(text: str, lines: list[str]) -> None:
    assert printed(Folded(text), 10) == lines


def test_the_lines_below_the_first_begin_further_right() -> None:
    assert printed(Folded("one two three four", 2), 9) == ["one two", "  three", "  four"]


def test_its_styles_stay() -> None:
    (first, second) = Folded(Text.assemble(("bold", "bold"), " plain")).lines(6)
    assert (first.plain, second.plain) == ("bold", "plain")
    assert [str(span.style) for span in first.spans] == ["bold"]


def test_it_takes_what_a_grid_leaves() -> None:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    grid.add_row("registry", Folded(IMAGE))
    lines = printed(grid)
    assert all(len(line) <= 80 for line in lines)
    assert "".join(line.removeprefix("registry").strip() for line in lines) == IMAGE


def table(*rows: tuple[str, ...]) -> TerminalTable:
    table = TerminalTable("Name", "Kind", "Address")
    for row in rows:
        table.add(*row)
    return table


def test_a_row_that_fits_is_one_line_and_another_has_its_last_cell_below() -> None:
    assert printed(table(("one", "short", "a/b"), ("other", "long", IMAGE), ("none", "empty", ""))) == [
        "Name    Kind    Address",
        "one     short   a/b",
        "other   long",
        "  123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/postgres:17",
        f"  @sha256:{'0' * 64}",
        "none    empty",
    ]


def test_where_even_that_does_not_fit_each_cell_has_a_line() -> None:
    assert printed(table(("a-long-name", "a kind with words", "a/b")), 24) == [
        "Name  a-long-name",
        "  Kind  a kind with",
        "    words",
        "  Address  a/b",
    ]


def test_no_word_is_broken_at_80_columns() -> None:
    words = [f"word-{number}-{'x' * number}" for number in range(40)]
    for what in (Folded(" ".join(words)), table((words[5], words[9], " ".join(words)))):
        assert set(words) <= set(re.split(r"\s+", "\n".join(printed(what))))
