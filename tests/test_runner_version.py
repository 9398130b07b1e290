"""Versions of GitLab Runner: how they are read, and the exact version that a host installs."""

import pytest
from pulumi_gitlab_runner.runner_version import (
    DEFAULT_RUNNER_VERSION,
    PATH_SCOPES,
    SERVICES_BY_DIGEST,
    RunnerVersion,
    declared_release,
    reported_version,
)


@pytest.mark.parametrize(
    "text",
    [
        "18.11",
        "v18.11",
        "18.11.0",
        "v18.11.3",
        "18.11.0-1",
        "18.11.0-rc1",
        "18.11.0~pre.12.g0a1b2c3d",
        "18.11.0+dfsg-2",
    ],
)
def test_every_form_of_a_version(text: str) -> None:
    assert RunnerVersion.parse(text) == (18, 11)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "18",
        "18.",
        "18.x",
        "latest",
        "alpine-v18.11.0",
        "18.11foo",
        "18.11.",
        "18.11.x",
        " 18.11",
        "18.11\n",
    ],
)
def test_an_invalid_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a version of GitLab Runner; write it as 18\.11\.0"):
        RunnerVersion.parse(text)


def test_releases_compare_by_their_numbers() -> None:
    assert RunnerVersion.parse("18.9") < RunnerVersion.parse("18.11") < RunnerVersion.parse("19.0.1")
    assert str(RunnerVersion.parse("v18.11.3")) == "18.11"


@pytest.mark.parametrize("text", ["18.11", "v18.11.0", "18.11.0-1", "18.11.0 ", "latest"])
def test_a_host_installs_one_exact_version(text: str) -> None:
    assert declared_release(text) is None
    assert declared_release("18.11.0") == (18, 11)
    assert declared_release(DEFAULT_RUNNER_VERSION)


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("Version:      19.3.0\nGit revision: 0a1b2c3d\n", "19.3.0"),
        ("Version:      v18.11.0~pre.3.gabc\n", "18.11.0~pre.3.gabc"),
        ("Version:      development version\n", None),
        ("Version:      19.x\n", None),
        ("Go Version: 1.24\n", None),
        ("", None),
    ],
)
def test_the_version_that_a_runner_prints(printed: str, version: str | None) -> None:
    assert reported_version(printed) == version


def test_the_releases_of_the_features_that_the_library_needs() -> None:
    assert (SERVICES_BY_DIGEST, PATH_SCOPES) == ((17, 1), (17, 5))
