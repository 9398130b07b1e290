"""The mutability of tags in ECR."""

import pytest
from pulumi_gitlab_runner.images.ecr import is_mutable, tag_mutability


@pytest.mark.parametrize(
    ("mutable_tags", "mode", "filters"),
    [
        ((), "IMMUTABLE", []),
        (("latest", "cache-*"), "IMMUTABLE_WITH_EXCLUSION", ["latest", "cache-*"]),
        (("*",), "MUTABLE", []),
        (("latest", "*"), "MUTABLE", []),
    ],
)
def test_only_the_declared_tags_are_mutable(
    mutable_tags: tuple[str, ...], mode: str, filters: list[str]
) -> None:
    wildcards = [{"filter": each, "filter_type": "WILDCARD"} for each in filters]
    assert tag_mutability(mutable_tags) == (mode, wildcards)


@pytest.mark.parametrize(
    ("tag", "patterns", "mutable"),
    [
        ("latest", [], False),
        ("latest", ["latest"], True),
        ("latest", ["*"], True),
        ("latest-2", ["latest"], False),
        ("cache-base", ["latest", "cache-*"], True),
        ("a.b", ["a*b"], True),
        ("aXb", ["a.b"], False),
    ],
)
def test_a_tag_is_mutable_if_a_pattern_matches_it(tag: str, patterns: list[str], mutable: bool) -> None:
    assert is_mutable(tag, patterns) is mutable
