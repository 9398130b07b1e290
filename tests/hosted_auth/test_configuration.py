"""The configuration of the function."""

import ast
import json
import sys
from typing import Any

import pytest
from pulumi_gitlab_runner.host.parameters import HostParameters
from pulumi_gitlab_runner.hosted_auth.configuration import code, configuration, fingerprint
from pulumi_gitlab_runner.spec import AwsEnvironment, parse_stack
from pulumi_gitlab_runner.spec.certificate_authorities import parse_authorities

from tests.authorities import pem

HERE = AwsEnvironment("123456789012", "eu-west-1")
NAMES = HostParameters("/ci/dev/hosted-auth/ecr")
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ci/gitlab-AbCdEf"
PASSWORD = "canary-of-the-password"
DECLARATION: dict[str, Any] = {
    "registries": {
        "team": {"ecr": {}, "repositories": ["a/b"]},
        "shared": {"ecr": {"account": "210987654321", "region": "us-east-1"}, "repositories": ["c/d"]},
        "hub": {"pull_through": "quay"},
        "gallery": {"ecr_public": {}},
        "legacy": {"host": "legacy.example", "static": {"username": "me", "password": PASSWORD}},
        "other": {"host": "other.example:5000", "static": {"secret": f"{SECRET}-2"}},
    },
    "hosted_auth": {
        "ecr": {
            "registries": ["team", "shared", "hub", "gallery", "legacy", "other"],
            "projects": [7],
            "groups": [42],
            "gitlab_token": {"secret": SECRET},
            "environment_scope": "prod/*",
            "protected": True,
        }
    },
}


def configured(**changes: Any) -> str:
    declaration = {**DECLARATION, "hosted_auth": {"ecr": {**DECLARATION["hosted_auth"]["ecr"], **changes}}}
    stack = parse_stack(declaration)
    auth = stack.hosted_auth["ecr"]
    used = stack.registries_of(auth).values()
    return configuration(auth, used, HERE, NAMES, gitlab_url="https://gitlab.example.com")


def test_the_configuration_has_the_authorities_for_gitlab() -> None:
    authorities: Any = {
        "all": {"pem": pem()},
        "of gitlab": {"pem": pem("two"), "hosts": ["gitlab.example.com"]},
        "of another": {"pem": pem("three"), "hosts": ["registry.example.com"]},
    }
    text = configuration(
        parse_stack(DECLARATION).hosted_auth["ecr"],
        [],
        HERE,
        NAMES,
        gitlab_url="https://gitlab.example.com:8443",
        authorities=parse_authorities(authorities),
    )
    assert json.loads(text)["gitlab_authorities"] == pem() + pem("two")


def test_the_configuration_has_references_and_no_secret() -> None:
    assert PASSWORD not in configured()
    variable = {"key": "DOCKER_AUTH_CONFIG", "environment_scope": "prod/*", "protected": True}
    assert json.loads(configured()) == {
        "mark": "Kept fresh by ci/dev/hosted-auth/ecr",
        "gitlab_url": "https://gitlab.example.com",
        "gitlab_token": {"kind": "secret", "region": "us-east-1", "id": SECRET},
        "registries": {
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com": {"kind": "ecr", "region": "eu-west-1"},
            "210987654321.dkr.ecr.us-east-1.amazonaws.com": {"kind": "ecr", "region": "us-east-1"},
            "public.ecr.aws": {"kind": "ecr-public", "region": "us-east-1"},
            "legacy.example": {
                "kind": "parameter",
                "region": "eu-west-1",
                "id": "/ci/dev/hosted-auth/ecr/registries/legacy",
            },
            "other.example:5000": {"kind": "secret", "region": "us-east-1", "id": f"{SECRET}-2"},
        },
        "variables": [{"scope": scope, **variable} for scope in ("project 7", "group 42")],
    }


def test_a_declared_token_is_stored_in_a_parameter() -> None:
    token = json.loads(configured(gitlab_token={"value": "glpat-canary"}))["gitlab_token"]
    assert token == {
        "kind": "parameter",
        "region": "eu-west-1",
        "id": "/ci/dev/hosted-auth/ecr/tokens/gitlab",
    }


def test_the_text_has_sorted_keys() -> None:
    """With another text, the function is a new version for Lambda."""
    assert list(json.loads(configured())) == ["gitlab_token", "gitlab_url", "mark", "registries", "variables"]
    assert configured().startswith('{\n  "gitlab_token": {\n    "id": "arn:')
    assert configured().endswith("]\n}\n")


def test_the_fingerprint_changes_only_with_the_content_of_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = fingerprint(configured(), [1, 1])
    assert fingerprint(configured(projects=[7, 8]), [1, 1]) == usual
    assert fingerprint(configured(registries=["team"]), [1, 1]) != usual
    assert fingerprint(configured(), [1, 2]) != usual
    assert fingerprint(json.dumps(dict(reversed(json.loads(configured()).items()))), [1, 1]) == usual
    monkeypatch.setattr("pulumi_gitlab_runner.hosted_auth.configuration.code", lambda: {"renewal/a.py": ""})
    assert fingerprint(configured(), [1, 1]) != usual


def test_the_code_imports_nothing_of_this_package() -> None:
    assert code().keys() == {
        f"renewal/{name}.py" for name in ("__init__", "attempts", "gitlab", "handler", "registries")
    }
    imported = {
        name.partition(".")[0]
        for text in code().values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom) and not getattr(node, "level", 0)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
        )
    }
    assert imported - sys.stdlib_module_names == {"boto3", "botocore"}
