"""What may be shown on a terminal."""

import json

from hypothesis import example, given
from hypothesis import strategies as st
from pulumi_gitlab_runner.printable import printable, printable_json


@given(st.text())
def test_nothing_steers_the_terminal(text: str) -> None:
    assert all(each.isprintable() or each == "\n" for each in printable(text))


@given(st.recursive(st.text() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
@example("\x7f\x9b31m\u202e\U000e0001")
def test_json_keeps_its_meaning_and_nothing_in_it_steers_the_terminal(value: object) -> None:
    shown = printable_json(json.dumps(value, indent=2, ensure_ascii=False))
    assert all(each.isprintable() or each == "\n" for each in shown)
    assert json.loads(shown) == value
