"""Values in several forms: the names of the file, a text for a list, an empty text for no value."""

import tomllib
from typing import Any

import pytest
from pulumi_gitlab_runner.config.check import check
from pulumi_gitlab_runner.config.manager import ManagerConfig
from pulumi_gitlab_runner.config.render import render
from pulumi_gitlab_runner.config.runner import RunnerConfig
from pulumi_gitlab_runner.config.schema import KEYS
from pulumi_gitlab_runner.config.spelling import as_fields, fields_by_spelling

from tests.config.test_check import VERSION, build, manager


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({"tls-ca-file": "/ca.pem"}, "tls_ca_file", "/ca.pem"),
        (
            {"docker": {"image": "a", "pull_policy": "if-not-present"}},
            "docker",
            {"pull_policy": ["if-not-present"]},
        ),
        ({"docker": {"image": "a", "pull_policy": ""}}, "docker", {"pull_policy": []}),
        ({"docker": {"image": "a", "pull_policy": ["never"]}}, "docker", {"pull_policy": ["never"]}),
        (
            {"cache": {"Type": "s3", "s3": {"BucketName": "x", "RoleARN": "y"}}},
            "cache",
            {"type": "s3", "s3": {"bucket_name": "x", "role_arn": "y"}},
        ),
    ],
)
def test_both_forms_are_equivalent(given: dict[str, Any], field: str, value: Any) -> None:
    found = as_fields(build(**given), RunnerConfig)[field]
    assert found == ({"image": "a", **value} if field == "docker" else value)
    assert not [each for each in check(manager(build(**given)), VERSION) if each.severity == "error"]


def test_the_file_has_the_names_of_the_runner() -> None:
    """The text is the same for both spellings of the names."""
    runners = [
        build(**{"tls-ca-file": "/ca.pem", "cache": {"Type": "s3", "s3": {"BucketName": "x"}}}),
        build(tls_ca_file="/ca.pem", cache={"type": "s3", "s3": {"bucket_name": "x"}}),
    ]
    first, second = (render(manager(each)) for each in runners)  # type: ignore[arg-type]
    assert first == second
    runner = tomllib.loads(first)["runners"][0]
    assert runner["tls-ca-file"] == "/ca.pem"
    assert runner["cache"] == {"Type": "s3", "s3": {"BucketName": "x"}}


def test_a_rendered_file_has_no_findings() -> None:
    """`check` accepts a file as it is read, with the names of the file and with datetimes."""
    runner = build(
        token_obtained_at="2026-11-01T00:00:00Z",
        tls_ca_file="/ca.pem",
        cache={"type": "s3", "s3": {"bucket_name": "x", "bucket_location": "eu-west-1"}},
    )
    config: Any = manager(runner)
    assert check(tomllib.loads(render(config)), VERSION) == check(config, VERSION) == []


@pytest.mark.parametrize("table", KEYS, ids=lambda table: table.__name__)
def test_every_spelling_belongs_to_one_field(table: type) -> None:
    spellings = fields_by_spelling(table)
    assert set(spellings.values()) <= set(KEYS[table])
    assert not set(spellings) & set(KEYS[table])


@pytest.mark.parametrize(
    "fields",
    [
        {"shell": ""},
        {"docker": {"image": "a", "isolation": ""}},
        {"cache": {"type": ""}},
        {"cache": {"type": "s3", "s3": {"bucket_name": "x", "authentication_type": ""}}},
        {"cache": {"type": "s3", "s3": {"bucket_name": "x", "server_side_encryption": ""}}},
    ],
)
def test_an_empty_text_means_no_value(fields: dict[str, Any]) -> None:
    assert [each.path for each in check(manager(build(**fields)), VERSION) if "not known" in each.found] == []


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"concurrent": 1, "log_level": ""}, "log_level"),
        ({"concurrent": 1, "log_format": ""}, "log_format"),
        (manager(build() | {"shell": "zsh"}), "runners[0].shell"),
        (manager(build(executor="")), "runners[0].executor"),
        (
            manager(build(docker={"image": "a", "pull_policy": "sometimes"})),
            "runners[0].docker.pull_policy[0]",
        ),
        (
            manager(build(docker={"image": "a", "allowed_pull_policies": "never"})),
            "runners[0].docker.allowed_pull_policies",
        ),
        (manager(build(docker={"image": "a", "volumes": "/cache"})), "runners[0].docker.volumes"),
    ],
)
def test_a_form_that_the_runner_does_not_accept_is_an_error(config: dict[str, Any], path: str) -> None:
    """`log_level` is a `*string`, whose empty text is a value; only `StringOrArray` has both forms."""
    assert path in [each.path for each in check(config, VERSION) if each.severity == "error"]


def test_a_key_in_both_spellings_is_unknown_in_one() -> None:
    config = manager(build(**{"tls-ca-file": "/a.pem", "tls_ca_file": "/b.pem"}))
    assert [(each.path, each.found) for each in check(config, VERSION)] == [
        ("runners[0].tls-ca-file", "unknown key")
    ]


def test_values_of_a_wrong_type_are_not_converted() -> None:
    config = {"runners": "x", "session_server": [1], "concurrent": None}
    assert as_fields(config, ManagerConfig) == config
