"""Likely mistakes in an entry of a Docker configuration."""

import pytest
from pulumi_gitlab_runner.auth.resolution.reasons import credential_traps, key_traps
from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.auth.secret import Secret
from pulumi_gitlab_runner.runner_version import RunnerVersion

OLD, NEW = RunnerVersion(17, 4), RunnerVersion(17, 5)
ONLY_THE_HOST = "after https:// only the host counts, so it is for all of a.example"
BEFORE = "before runner 17.5 only the host counts, so it is for all of a.example"


@pytest.mark.parametrize(
    ("key", "version", "traps"),
    [
        ("a.example", OLD, ()),
        ("a.example/team", OLD, (BEFORE,)),
        ("a.example/team", NEW, ()),
        ("https://a.example", OLD, ()),
        ("https://a.example/", NEW, ()),
        ("https://a.example/v1/", NEW, ()),
        ("https://a.example/v2", NEW, ()),
        ("https://a.example/team", NEW, (ONLY_THE_HOST,)),
        ("https://a.example/v3/", OLD, (ONLY_THE_HOST,)),
    ],
)
def test_a_key_that_is_for_more_than_it_says(
    key: str, version: RunnerVersion, traps: tuple[str, ...]
) -> None:
    assert key_traps(key, version) == traps


@pytest.mark.parametrize(
    ("credentials", "noted"),
    [
        (None, False),
        (Credentials("me", Secret("pass word")), False),
        (Credentials("me ", Secret("word")), True),
        (Credentials("me", Secret("word\n")), True),
        (Credentials("me", Secret(" word")), True),
    ],
)
def test_white_space_around_a_user_or_password(credentials: Credentials | None, *, noted: bool) -> None:
    assert credential_traps(credentials) == (
        ("its user or password begins or ends with white space, such as a newline encoded with it",)
        if noted
        else ()
    )
