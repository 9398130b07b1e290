"""The secrets of a declaration that are in plain text in a stack's file: each is found, and nothing else."""

from typing import Any

import pytest
from pulumi_gitlab_runner.spec.secrets import clear_secrets
from pulumi_gitlab_runner.spec.stack import StackDeclaration

from tests.spec.declaration import changed, declaration

SECURE = {"secure": "v1:abc"}


def everything(secret: Any) -> dict[str, Any]:
    """A declaration with a secret in each place that takes one, and plain text beside each."""
    return {
        "gitlab_url": "https://gitlab.example.com",
        "registries": {
            "legacy": {"host": "a.example", "static": {"username": "me", "password": secret}},
            "own": {"host": "b.example", "gitlab": {"deploy_token": {"username": "u", "password": secret}}},
            "hub": {
                "pull_through": "docker-hub",
                "upstream_credentials": {"username": "me", "access_token": secret},
            },
        },
        "builds": {"base": {"repository": "team/base", "context": ".", "secrets": {"npm": secret}}},
        "runners": {
            "build": {
                "group": 42,
                "host": {
                    "docker": {"aws_credentials": {"access_key": {"id": "AKIAEXAMPLE", "secret": secret}}}
                },
            }
        },
        "variables": [{"group": 42, "key": "TOKEN", "value": secret, "masked": True}],
        "hosted_auth": {"ecr": {"registries": ["team"], "gitlab_token": {"value": secret}}},
    }


PLACES = {
    "stack.registries.legacy.static.password",
    "stack.registries.own.gitlab.deploy_token.password",
    "stack.registries.hub.upstream_credentials.access_token",
    "stack.builds.base.secrets.npm",
    "stack.runners.build.host.docker.aws_credentials.access_key.secret",
    "stack.variables[0].value",
    "stack.hosted_auth.ecr.gitlab_token.value",
}


def test_every_place_of_a_secret_is_found_and_nothing_else() -> None:
    assert set(clear_secrets(everything("in-clear"), StackDeclaration)) == PLACES


@pytest.mark.parametrize("secret", [SECURE, "", None, 5])
def test_encrypted_values_and_values_that_are_not_text_are_not_found(secret: Any) -> None:
    assert list(clear_secrets(everything(secret), StackDeclaration)) == []


def test_the_arn_of_a_secret_is_not_a_secret() -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci/vault-AbCdEf"
    declared = changed("registries/legacy/static", {"secret": arn})
    assert list(clear_secrets(declared, StackDeclaration)) == []


@pytest.mark.parametrize(
    ("masking", "found"),
    [({}, 0), ({"masked": False}, 0), ({"masked": True}, 1), ({"hidden": True}, 1)],
)
def test_a_ci_variable_is_a_secret_if_it_is_declared_as_one(masking: dict[str, bool], found: int) -> None:
    declared = {"variables": [{"group": 42, "key": "KEY", "value": "text", **masking}]}
    assert len(list(clear_secrets(declared, StackDeclaration))) == found


@pytest.mark.parametrize("declared", [None, [], "text", {"registries": []}, {"variables": {"a": 1}}, {5: 6}])
def test_parts_of_a_wrong_type_are_ignored(declared: Any) -> None:
    assert list(clear_secrets(declared, StackDeclaration)) == []


def test_the_good_declaration_has_one_secret_in_plain_text() -> None:
    assert list(clear_secrets(declaration(), StackDeclaration)) == ["stack.registries.legacy.static.password"]
