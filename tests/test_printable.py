"""Text that is safe to show on a terminal."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pulumi_gitlab_runner.printable import escaped, printable, printable_json


@given(st.text())
def test_no_text_has_unprintable_characters(text: str) -> None:
    assert all(each.isprintable() or each == "\n" for each in printable(text))


@given(st.recursive(st.text() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
@example("\x7f\x9b31m\u202e\U000e0001")
def test_json_keeps_its_value_and_has_no_unprintable_characters(value: object) -> None:
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
def test_unprintable_characters_are_replaced_and_other_text_stays(text: str, shown: str) -> None:
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
def test_unprintable_characters_are_escaped_as_in_python(text: str, shown: str, *, lines: bool) -> None:
    assert escaped(text, lines=lines) == shown


def test_line_breaks_are_escaped_by_default() -> None:
    assert escaped("a\nb") == "a\\nb"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{\n "a": 1\n}', '{\n "a": 1\n}'),
        ('"\x7f\u202e"', '"\\u007f\\u202e"'),
        ('"\uffff\U000e0001"', '"\\uffff\\udb40\\udc01"'),
    ],
)
def test_json_is_escaped_as_in_json(text: str, shown: str) -> None:
    assert printable_json(text) == shown
