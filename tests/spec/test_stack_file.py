"""A stack's file, read without Pulumi."""

from textwrap import dedent
from typing import Any

import pytest
import yaml
from pulumi_gitlab_runner.spec.inputs import Deferred
from pulumi_gitlab_runner.spec.stack_file import StackFile, StackFileError, parse_stack_file

WHOLE = dedent("""\
    config:
      aws:region: eu-west-1
      docker:host: unix:///run/docker.sock
      gitlab:baseUrl: https://gitlab.example.com/api/v4/
      gitlab-runner:stack:
        registries: {team: {ecr: {}}}
    """)
ADDRESS = "https://gitlab.example.com"


def test_the_content_of_a_file() -> None:
    assert parse_stack_file(WHOLE) == StackFile(
        {"registries": {"team": {"ecr": {}}}, "gitlab_url": ADDRESS}, "eu-west-1", "unix:///run/docker.sock"
    )


def test_a_file_with_little_content() -> None:
    assert parse_stack_file("config: {}") == StackFile({}, None, "")
    assert parse_stack_file("config: {gitlab-runner:stack: [a]}", ADDRESS).declaration == ["a"]


@pytest.mark.parametrize(
    ("config", "default", "address"),
    [
        ("gitlab:baseUrl: https://a.example/api/v4", None, "https://a.example"),
        ("gitlab:baseUrl: https://a.example/git/", None, "https://a.example/git"),
        ("gitlab:baseUrl: https://a.example", "https://b.example", "https://a.example"),
        ("gitlab:baseUrl: ''", "https://b.example/api/v4/", "https://b.example"),
        ("aws:region: eu-west-1", "https://b.example/api/v4/", "https://b.example"),
        ("aws:region: eu-west-1", None, None),
        ("gitlab-runner:stack: {gitlab_url: https://c.example}", "https://b.example", "https://c.example"),
    ],
)
def test_gitlabs_address(config: str, default: str | None, address: str | None) -> None:
    assert parse_stack_file(f"config:\n  {config}\n", default).declaration.get("gitlab_url") == address


def test_values_that_are_not_text_are_converted_or_left_out() -> None:
    file = parse_stack_file("config: {aws:region: 1, docker:host: {secure: v1:abc}}")
    assert (file.region, file.docker_host) == ("1", "")


def secrets_in(value: Any) -> list[Deferred[Any]]:
    """The handles in a declaration."""
    if isinstance(value, Deferred):
        return [value]
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [each for child in children for each in secrets_in(child)]


def test_secrets_are_left_out_with_their_places() -> None:
    text = """
        config:
          gitlab-runner:stack:
            registries:
              legacy: {static: {username: me, password: {secure: v1:abc}}}
              my.own: {static: {password: {secure: v1:abc}}}
            variables: [{key: A, value: {secure: v1:abc}}, {key: B, value: {secure: me, other: you}}]
        """
    declared = parse_stack_file(dedent(text)).declaration
    handles = secrets_in(declared)
    assert [each.path for each in handles] == [
        "stack.registries.legacy.static.password",
        'stack.registries["my.own"].static.password',
        "stack.variables[0].value",
    ]
    assert {(each.source, each.encrypted, each.available) for each in handles} == {(None, True, False)}
    assert declared["registries"]["legacy"]["static"]["username"] == "me"
    assert declared["variables"][1]["value"] == {"secure": "me", "other": "you"}


def test_a_part_may_be_called_secure() -> None:
    runner, registry = {"group": 42, "host": {}}, {"ecr_public": {}}
    declared = {"runners": {"secure": runner}, "registries": {"secure": registry}}
    text = yaml.safe_dump({"config": {"gitlab-runner:stack": declared}})
    assert parse_stack_file(text).declaration == declared


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "it is not YAML"),
        ("[config]", "it has no 'config'"),
        ("", "it has no 'config'"),
        ("config: text", "it has no 'config'"),
        ("configuration: {}", "it has no 'config'"),
    ],
)
def test_text_that_is_not_a_stack_file_is_refused(text: str, message: str) -> None:
    with pytest.raises(StackFileError, match=f"^{message}$"):
        parse_stack_file(text)
