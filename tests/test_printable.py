"""What may be shown on a terminal."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pulumi_gitlab_runner.printable import escaped, printable, printable_json


@given(st.text())
def test_nothing_steers_the_terminal(text: str) -> None:
    assert all(each.isprintable() or each == "\n" for each in printable(text))


@given(st.recursive(st.text() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
@example("\x7f\x9b31m\u202e\U000e0001")
def test_json_keeps_its_meaning_and_nothing_in_it_steers_the_terminal(value: object) -> None:
    shown = printable_json(json.dumps(value, indent=2, ensure_ascii=False))
    assert all(each.isprintable() or each == "\n" for each in shown)
    assert json.loads(shown) == value


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ümläut\nand a line", "plain, ümläut\nand a line"),
        ("\x1b[31mred\x7f", "\ufffd[31mred\ufffd"),
        ("a\tb\u202ec\r\n", "a\ufffdb\ufffdc\ufffd\n"),
    ],
)
def test_what_steers_a_terminal_is_replaced_and_all_else_stays(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "lines", "shown"),
    [
        ("plain, ümläut", False, "plain, ümläut"),
        ("\x1b[31mred", False, "\\x1b[31mred"),
        ("a\tb\u202ec", True, "a\\tb\\u202ec"),
        ("two\nlines", False, "two\\nlines"),
        ("two\nlines", True, "two\nlines"),
    ],
)
def test_what_is_unseen_is_escaped_as_python_writes_it(text: str, shown: str, *, lines: bool) -> None:
    assert escaped(text, lines=lines) == shown


def test_lines_are_escaped_unless_they_are_to_stay() -> None:
    assert escaped("a\nb") == "a\\nb"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{\n "a": 1\n}', '{\n "a": 1\n}'),
        ('"\x7f\u202e"', '"\\u007f\\u202e"'),
        ('"\uffff\U000e0001"', '"\\uffff\\udb40\\udc01"'),
    ],
)
def test_json_is_escaped_as_json_writes_it(text: str, shown: str) -> None:
    assert printable_json(text) == shown
