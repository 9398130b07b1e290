"""Platforms of images, and the processors that run them."""

import pytest
from pulumi_gitlab_runner.images.platforms import architecture_name, runs_on


@pytest.mark.parametrize(
    ("platform", "on_x86", "on_arm"),
    [
        ("linux/amd64", True, False),
        ("amd64", True, False),
        ("linux/x86_64", True, False),
        ("linux/386", True, False),
        ("linux/arm64", False, True),
        ("linux/arm64/v8", False, True),
        ("arm64/v8", False, True),
        ("Linux/AARCH64", False, True),
        ("linux/arm/v7", False, True),
        ("armhf", False, True),
        ("linux/s390x", False, False),
        ("ppc64le", False, False),
        ("windows/amd64", False, False),
        ("darwin/arm64", False, True),
        ("linux", True, True),
        ("linux/new", True, True),
        ("", True, True),
    ],
)
def test_which_platforms_a_processor_runs(platform: str, on_x86: bool, on_arm: bool) -> None:
    for architecture, runs in {"x86_64": on_x86, "amd64": on_x86, "arm64": on_arm, "aarch64": on_arm}.items():
        assert runs_on(platform, architecture) is runs
    assert runs_on(platform, "sparc64")


def test_the_names_of_architectures() -> None:
    assert [architecture_name(each) for each in ("x86_64", "aarch64", "arm64", "s390x")] == [
        *("amd64", "arm64", "arm64", "s390x")
    ]
