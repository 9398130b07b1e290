"""Patterns of image names, each compared once with `Match` of doublestar 4.10."""

import pytest
from pulumi_gitlab_runner.images.patterns import matches_pattern


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("docker:dind", ["docker:dind"], ["docker:27-dind", "library/docker:dind", "Docker:dind"]),
        ("docker:*", ["docker:dind", "docker:"], ["docker", "docker:a/b"]),
        ("docker:?", ["docker:7"], ["docker:", "docker:27", "docker:/"]),
        ("*", ["alpine", "alpine:3"], ["a/alpine"]),
        ("**", ["alpine", "host:5000/a/alpine"], []),
        ("**/*@sha256:*", ["a@sha256:1", "host/a/b:1@sha256:1"], ["a:1"]),
        ("**@sha256:*", ["a@sha256:1"], ["b/a@sha256:1"]),
        ("host/**", ["host", "host/a", "host/a/b"], ["hosts/a"]),
        ("host/**/", ["host", "host/", "host/a/"], ["host/a"]),
        ("host/**/app:*", ["host/app:1", "host/a/b/app:1"], ["host/a/apps:1", "ahost/app:1"]),
        ("host/*/app", ["host/a/app"], ["host/app", "host/a/b/app"]),
        ("host/a**/app", ["host/abc/app"], ["host/a/b/app"]),
        ("{a,b/c}:1", ["a:1", "b/c:1"], ["{a,b/c}:1", "b:1"]),
        ("a{,-{b,c}}:1", ["a:1", "a-b:1", "a-c:1"], ["a-:1"]),
        ("{a,**/b}", ["a", "b", "x/y/b"], ["x/a"]),
        ("app:[0-9]", ["app:7"], ["app:x", "app:17"]),
        ("app:[!0-9.]", ["app:x"], ["app:7", "app:."]),
        ("app:[^a]", ["app:x", "app:^"], ["app:a"]),
        (r"app:[\]a]", ["app:]", "app:a"], ["app:\\"]),
        ("app:[b-a]", ["app:b"], ["app:a", "app:-"]),
        (r"a\*", ["a*"], ["ab", r"a\*"]),
        ("app:1.2", ["app:1.2"], ["app:1x2"]),
        ("a+b|c(d)", ["a+b|c(d)"], ["aab"]),
        ("!app", ["!app"], ["app", "other"]),
        ("app:[", [], ["app:[", "app:a"]),
        ("app:[]", [], ["app:[]", "app:"]),
        ("{a,b", [], ["{a,b", "a"]),
        ("a\\", [], ["a", "a\\"]),
        ("", [""], ["a"]),
    ],
)
def test_what_a_pattern_matches(pattern: str, matching: list[str], others: list[str]) -> None:
    names = [*matching, *others]
    assert [name for name in names if matches_pattern(pattern, name)] == matching


def test_alternatives_without_end_do_not_take_long() -> None:
    assert not matches_pattern("{a,b}" * 40, "c")
