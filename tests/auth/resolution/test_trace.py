"""The terms of a trace, which reports show, and the files that a source skips."""

from enum import StrEnum

import pytest
from pulumi_gitlab_runner.auth.resolution.config_file import ConfigFile
from pulumi_gitlab_runner.auth.resolution.sources import (
    JobCredentials,
    read_home,
    read_job_payload,
    read_variable,
)
from pulumi_gitlab_runner.auth.resolution.trace import Credentials, Origin, Status, Verdict, Where
from pulumi_gitlab_runner.auth.secret import Secret
from pulumi_gitlab_runner.runner_version import RunnerVersion

from tests.auth.resolution.fakes import Helpers, docker_config

VERSION = RunnerVersion(19, 3)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Origin, ["auths", "credsStore", "credHelpers", "job payload"]),
        (Verdict, ["used", "outranked", "no credentials", "no match", "lost"]),
        (Status, ["read", "absent", "dropped"]),
        (Where, ["job log", "debug log", "terminal", "nowhere"]),
    ],
)
def test_the_words_of_reports(kind: type[StrEnum], words: list[str]) -> None:
    assert list(kind) == words


@pytest.mark.parametrize(
    ("credentials", "expected"),
    [
        (Credentials(), False),
        (Credentials("me"), True),
        (Credentials(password=Secret("word")), True),
        (Credentials(identity_token=Secret("t")), True),
        (Credentials(registry_token=Secret("t")), True),
    ],
)
def test_credentials_without_any_value_are_false(credentials: Credentials, *, expected: bool) -> None:
    assert bool(credentials) is expected


def test_the_first_file_that_can_be_opened_is_read() -> None:
    files = [
        ConfigFile("/a", problem="permission denied"),
        ConfigFile("/b"),
        ConfigFile("/c", docker_config({"a.example": "me"})),
        ConfigFile("/d", ""),
        ConfigFile("/e", problem="it is a directory"),
    ]
    source = read_home(files, Helpers(), VERSION)
    assert (source.name, [each.key for each in source.entries]) == ("/c", ["a.example"])
    assert source.notes == (
        "/a cannot be opened and is passed over: permission denied",
        "/d is not read, since there is /c",
        "/e cannot be opened and is passed over: it is a directory",
    )


def test_a_home_without_a_file() -> None:
    source = read_home([ConfigFile("/a", problem="permission denied")], Helpers(), VERSION)
    assert (source.name, source.absent) == (
        "home of the runner's process",
        "it holds no Docker configuration that can be opened",
    )
    assert source.notes == ("/a cannot be opened and is passed over: permission denied",)


def test_an_empty_file_is_read_like_any_other() -> None:
    source = read_home([ConfigFile("/a", ""), ConfigFile("/b", "{")], Helpers(), VERSION)
    assert (source.name, source.absent, source.failure) == ("/a", "it holds no credentials", "")


def test_a_variable_that_is_not_set() -> None:
    source = read_variable("", Helpers(), VERSION)
    assert (source.name, source.absent) == ("$DOCKER_AUTH_CONFIG", "the variable is not set")


def test_only_registry_credentials_of_a_job_are_used() -> None:
    given = [
        JobCredentials("a.example", "me", "word"),
        JobCredentials("b.example", "me", "word", type="other"),
    ]
    source = read_job_payload(given, VERSION)
    assert (source.name, source.absent) == ("job payload (GitLab Registry)", "")
    assert [(each.key, each.origin) for each in source.entries] == [("a.example", Origin.JOB_PAYLOAD)]
    assert read_job_payload(given[1:], VERSION).absent == "GitLab sent no registry with the job"
