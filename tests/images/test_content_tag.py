"""A tag follows from the content, and from nothing else."""

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
def test_another_content_has_another_tag(one: dict[str, object], other: dict[str, object]) -> None:
    assert (content_tag(one) == content_tag(other)) == (one == other)


@given(CONTENT)
def test_every_registry_takes_it(content: dict[str, object]) -> None:
    assert re.fullmatch(r"content-[0-9a-f]{16}", content_tag(content))


def test_it_stays_the_same_from_release_to_release() -> None:
    assert content_tag({"files": "1", "args": {"A": "é"}}) == "content-57f3789bb8073c29"
