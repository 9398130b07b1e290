"""The answers of each kind of registry: how it gets its credentials, and what it supports."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pytest
from pulumi_gitlab_runner.spec.inputs import Deferred, substituted
from pulumi_gitlab_runner.spec.registries import Registry
from pulumi_gitlab_runner.spec.registries.kinds import parse_registry
from pulumi_gitlab_runner.spec.registries.registry import (
    CredentialSource,
    EcrImage,
    PullAccess,
    RenewalSource,
)
from pulumi_gitlab_runner.spec.stored_secret import StoredSecret

from tests.spec.declaration import ENVIRONMENT, output, problems_of

ARN = "arn:aws:ecr:eu-west-1:123456789012:repository"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:ci/vault-AbCdEf"
PARAMETER = "arn:aws:ssm:eu-north-1:123456789012:parameter/ci/vault"
KEY = "arn:aws:kms:eu-north-1:123456789012:key/0a"
EXPIRES = "an ECR password expires after 12 hours: use a runner of this stack, or hosted_auth"
OWN = CredentialSource("parameter", ("eu-west-1", "/ci/legacy"))

DECLARATIONS: dict[str, Any] = {
    "team": {"ecr": {}, "repositories": {"base": {}}},
    "shared": {"ecr": {"account": "210987654321", "region": "us-east-1"}, "repositories": {"tools": {}}},
    "gallery": {"ecr_public": {}},
    "hub": {"pull_through": "quay", "repositories": {"a/b": {}}},
    "legacy": {
        "host": "registry.example.com",
        "static": {"username": "me", "password": Deferred("at", None)},
    },
    "secret": {"host": "a.example/team", "static": {"secret": SECRET}},
    "parameter": {"host": "b.example", "static": {"parameter": PARAMETER, "key": KEY}},
    "jobs": {"host": "registry.gitlab.com", "gitlab": {}},
    "azure": {"host": "example.azurecr.io/team", "helper": "/opt/docker-credential-acr-env"},
}
ECR = {
    "description": "an ECR registry",
    "credential_source": CredentialSource("helper", ("/usr/bin/docker-credential-ecr-login",)),
    "no_login": EXPIRES,
    "by_role": True,
    "in_aws": True,
    "program": "docker-credential-ecr-login",
}
STORED = {
    "no_login": "the variable's value must be known when the stack is applied",
    "not_asked": "its password is read only on the runner host",
    "in_aws": True,
    "program": "aws",
}
ANSWERS: dict[str, dict[str, Any]] = {
    "team": {
        **ECR,
        "created": True,
        "pull_access": PullAccess(repositories=[f"{ARN}/base"], cached=[]),
        "ecr_image": EcrImage("base", "1"),
        "renewal": RenewalSource("ecr", "eu-west-1"),
    },
    "shared": {
        **ECR,
        "not_pushed": "the registry is another account's: build the image in a stack there",
        "pull_access": PullAccess(
            repositories=["arn:aws:ecr:us-east-1:210987654321:repository/tools"],
            cached=[],
            owner="210987654321",
        ),
        "ecr_image": EcrImage("base", "1", "210987654321", "us-east-1"),
        "renewal": RenewalSource("ecr", "us-east-1"),
    },
    "gallery": {
        **ECR,
        "description": "Amazon's public gallery",
        "not_pushed": "public.ecr.aws is only pulled from",
        "pull_access": PullAccess(public_gallery=True),
        "renewal": RenewalSource("ecr-public", "us-east-1"),
    },
    "hub": {
        **ECR,
        "is_cached": True,
        "not_pushed": "ECR imports these images from the upstream registry",
        "pull_access": PullAccess(cached=[f"{ARN}/hub/a/b"]),
        "ecr_image": EcrImage("hub/base", "1"),
        "renewal": RenewalSource("ecr", "eu-west-1"),
    },
    "legacy": {
        "authenticates": "by a password in Parameter Store",
        "description": "a registry with a fixed password",
        "credential_source": OWN,
        "renewal": RenewalSource("parameter", "eu-west-1", "/ci/own"),
    },
    "secret": {
        **STORED,
        "authenticates": "by a password in Secrets Manager",
        "description": "whose password is read from Secrets Manager, by the host",
        "credential_source": CredentialSource("secret", ("eu-central-1", SECRET)),
        "pull_access": PullAccess(stored=StoredSecret(SECRET, None, None)),
        "renewal": RenewalSource("secret", "eu-central-1", SECRET),
        "for_a_path": True,
    },
    "parameter": {
        **STORED,
        "authenticates": "by a password in Parameter Store",
        "description": "whose password is read from Parameter Store, by the host",
        "credential_source": CredentialSource("parameter", ("eu-north-1", PARAMETER)),
        "pull_access": PullAccess(stored=StoredSecret(None, PARAMETER, KEY)),
        "renewal": RenewalSource("parameter", "eu-north-1", PARAMETER),
    },
    "jobs": {
        "authenticates": "by each job itself",
        "description": "GitLab's registry with the job's own credentials",
        "credential_source": None,
        "no_login": "every job has these credentials; for images of other projects, declare a deploy_token",
        "not_asked": "only jobs have credentials for it",
    },
    "azure": {
        "authenticates": "by a credential helper",
        "description": "whose password comes from its credential helper",
        "credential_source": CredentialSource("helper", ("/opt/docker-credential-acr-env",)),
        "no_login": "its passwords expire: use a runner of this stack, whose host runs the helper",
        "not_asked": "its credential helper is only on the runner host",
        "program": "/opt/docker-credential-acr-env",
        "for_a_path": True,
    },
}
OTHERWISE: dict[str, Any] = {
    "authenticates": "by role",
    "no_login": "",
    "not_asked": "",
    "by_role": False,
    "in_aws": False,
    "program": "",
    "created": False,
    "not_pushed": "",
    "is_cached": False,
    "for_a_path": False,
    "pull_access": PullAccess(),
    "ecr_image": None,
    "renewal": None,
}
"""The default answers of a kind."""


def answers(registry: Registry) -> dict[str, Any]:
    """All answers of a registry."""
    return {
        **{key: getattr(registry, key) for key, each in OTHERWISE.items() if isinstance(each, bool | str)},
        "description": registry.description,
        "credential_source": registry.credential_source(ENVIRONMENT, OWN),
        "is_cached": registry.is_cached("base"),
        "pull_access": registry.pull_access(ENVIRONMENT),
        "ecr_image": registry.ecr_image("base", "1"),
        "renewal": registry.renewal(ENVIRONMENT, "/ci/own"),
    }


@pytest.mark.parametrize("name", DECLARATIONS)
def test_the_answers_of_each_kind(name: str) -> None:
    assert answers(parse_registry(name, DECLARATIONS[name])) == OTHERWISE | ANSWERS[name]


def test_only_a_declared_user_and_password_is_a_login() -> None:
    logins = {name: parse_registry(name, each).login for name, each in DECLARATIONS.items()}
    assert [name for name, each in logins.items() if each] == ["legacy"]
    assert logins["legacy"]
    assert logins["legacy"].username == "me"
    alone = parse_registry("legacy", {"host": "a.example", "static": {"username": "me"}})  # type: ignore[typeddict-item]
    assert alone.login is None


@pytest.mark.parametrize("kind", [{"static": {"secret": SECRET}}, {"helper": "/bin/docker-credential-a"}])
def test_a_host_that_is_known_later_is_resolved_everywhere(kind: Mapping[str, Any]) -> None:
    registry = parse_registry("later", {"host": output(), **kind})  # type: ignore[typeddict-item]
    assert registry.environment_known_from(ENVIRONMENT) is None
    assert registry.environment_known_from(None) is None
    assert not registry.for_a_path
    known = substituted(registry, lambda _: "a.example/team")
    assert known.environment_known_from(ENVIRONMENT) == ENVIRONMENT
    assert known.environment_known_from(None)
    assert known.host_in(ENVIRONMENT) == known.address_in(ENVIRONMENT) == "a.example/team"
    assert known.for_a_path


@pytest.mark.parametrize("environment", [None, ENVIRONMENT])
def test_hosts_that_are_known_later_are_not_compared_before(environment: Any) -> None:
    static = {"static": {"username": "me", "password": "pass-word-1"}}
    registries = {name: {"host": output(), **static} for name in ("one", "two")}
    assert problems_of({"registries": registries}, environment) == []


def test_a_helper_that_is_known_later_has_a_general_name() -> None:
    assert parse_registry("later", {"host": "a.example", "helper": output()}).program == "its helper"


def test_pull_access_is_empty_by_default() -> None:
    assert asdict(PullAccess()) == {
        "repositories": (),
        "cached": (),
        "public_gallery": False,
        "stored": None,
        "owner": None,
    }
