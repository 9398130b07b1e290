"""Tables and texts on terminals of any width."""

import io
import re

import pytest
from pulumi_gitlab_runner.terminal import Folded, TerminalTable
from rich.console import Console
from rich.table import Table
from rich.text import Text

IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/postgres:17@sha256:{'0' * 64}"


def printed(renderable: object, width: int = 80) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=width, highlight=False).print(renderable)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("short", ["short"]),
        ("one two three", ["one two", "three"]),
        ("a/path/of/parts", ["a/path/of/", "parts"]),
        ("name:1@sha256:0", ["name:1", "@sha256:0"]),
        ("to a/long/path", ["to", "a/long/pat"[:7], "path"]),
        ("x a/long/path", ["x a/long/", "path"]),
        ("abcdefghijklmno", ["abcdefghij", "klmno"]),
        ("first\n\nlast line of it", ["first", "", "last line", "of it"]),
    ],
)
def test_a_line_breaks_at_a_space_or_else_at_a_part_of_an_address(text: str, lines: list[str]) -> None:
    assert printed(Folded(text), 10) == lines


def test_continuation_lines_are_indented() -> None:
    assert printed(Folded("one two three four", 2), 9) == ["one two", "  three", "  four"]


def test_styles_are_kept() -> None:
    (first, second) = Folded(Text.assemble(("bold", "bold"), " plain")).lines(6)
    assert (first.plain, second.plain) == ("bold", "plain")
    assert [str(span.style) for span in first.spans] == ["bold"]


def test_a_text_fills_the_remaining_width_of_a_grid() -> None:
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


def test_a_row_that_does_not_fit_has_its_last_cell_below() -> None:
    assert printed(table(("one", "short", "a/b"), ("other", "long", IMAGE), ("none", "empty", ""))) == [
        "Name    Kind    Address",
        "one     short   a/b",
        "other   long",
        "  123456789012.dkr.ecr.eu-west-1.amazonaws.com/mirror/postgres:17",
        f"  @sha256:{'0' * 64}",
        "none    empty",
    ]


def test_each_cell_has_a_line_if_that_does_not_fit_either() -> None:
    assert printed(table(("a-long-name", "a kind with words", "a/b")), 24) == [
        "Name  a-long-name",
        "  Kind  a kind with",
        "    words",
        "  Address  a/b",
    ]


def test_no_word_is_broken_at_80_columns() -> None:
    words = [f"word-{number}-{'x' * number}" for number in range(40)]
    for renderable in (Folded(" ".join(words)), table((words[5], words[9], " ".join(words)))):
        assert set(words) <= set(re.split(r"\s+", "\n".join(printed(renderable))))


def styled(renderable: object, width: int) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width, force_terminal=True, color_system="standard", highlight=False).print(
        renderable
    )
    return stream.getvalue()


def test_titles_are_highlighted() -> None:
    bold, dim, end = "\x1b[1m", "\x1b[2m", "\x1b[0m"
    wide = styled(table(("one", "short", "a/b")), 80).splitlines()[0]
    assert wide == f"{bold}Name{end}   {bold}Kind{end}    {bold}Address{end}"
    assert styled(table(("a-long-name", "a kind with words", "a/b")), 24).splitlines() == [
        f"{bold}Name{end}  a-long-name",
        f"  {dim}Kind{end}  a kind with",
        "    words",
        f"  {dim}Address{end}  a/b",
    ]


def test_an_empty_last_line_is_kept() -> None:
    assert [line.plain for line in Folded("end\n").lines(10)] == ["end", ""]


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (23, ["Name   Kind    Address", "one    short   a/b/c/de"]),
        (22, ["Name   Kind    Address", "one    short", "  a/b/c/de"]),
        (12, ["Name   Kind", "  Address", "one    short", "  a/b/c/de"]),
        (11, ["Name  one", "  Kind", "    short", "  Address", "    a/b/c/", "    de"]),
    ],
)
def test_widths_on_both_sides_of_each_limit(width: int, lines: list[str]) -> None:
    assert printed(table(("one", "short", "a/b/c/de")), width) == lines


def test_an_empty_cell_has_no_line_of_its_own() -> None:
    assert printed(table(("a-long-name", "", "a/b")), 12) == [
        "Name",
        "  a-long-nam",
        "  e",
        "  Address",
        "    a/b",
    ]


def test_a_table_without_rows_has_its_titles() -> None:
    assert [line.split() for line in printed(TerminalTable("Measure", "Value"))] == [["Measure", "Value"]]


@pytest.mark.parametrize(("text", "smallest", "longest"), [("a" * 30, 20, 30), ("ab\nabc", 3, 3)])
def test_a_rich_table_may_shrink_a_text_to_20_columns(text: str, smallest: int, longest: int) -> None:
    console = Console(file=io.StringIO(), width=80)
    assert console.measure(Folded(text)) == (smallest, longest)


@pytest.mark.parametrize(
    ("indent", "width", "lines"),
    [
        (0, 1, ["a", "b", "c", "d"]),
        (2, 3, ["abc", "  d"]),
        (2, 2, ["abc", "  d"]),
        (0, 0, ["a", "b", "c", "d"]),
    ],
)
def test_without_room_each_line_has_one_character(indent: int, width: int, lines: list[str]) -> None:
    assert [line.plain for line in Folded("abcd", indent).lines(width)] == lines
