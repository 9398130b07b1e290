"""A tag depends only on the content."""

import re

from hypothesis import given
from hypothesis import strategies as st
from pulumi_gitlab_runner.images.content_tag import content_tag

CONTENT = st.dictionaries(
    st.text(max_size=3), st.text(max_size=3) | st.lists(st.text(max_size=3), max_size=2)
)


@given(CONTENT)
def test_the_order_of_keys_does_not_matter(content: dict[str, object]) -> None:
    assert content_tag(dict(reversed(content.items()))) == content_tag(content)


@given(CONTENT, CONTENT)
def test_different_content_has_a_different_tag(one: dict[str, object], other: dict[str, object]) -> None:
    assert (content_tag(one) == content_tag(other)) == (one == other)


@given(CONTENT)
def test_every_registry_accepts_the_tag(content: dict[str, object]) -> None:
    assert re.fullmatch(r"content-[0-9a-f]{16}", content_tag(content))


def test_the_tag_is_the_same_in_every_release() -> None:
    assert content_tag({"files": "1", "args": {"A": "é"}}) == "content-57f3789bb8073c29"
