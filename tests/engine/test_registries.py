"""A stack with a registry of every further kind: made as declared, steady, and gone again."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.engine.project import Project
from tests.engine.test_changes import files_of_the_host

pytestmark = pytest.mark.engine

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
TOKEN = "a-token-of-docker-hub"
REGISTRIES: dict[str, Any] = {
    "quay": {"pull_through": "quay"},
    "hub": {
        "pull_through": "docker-hub",
        "upstream_credentials": {"username": "me", "access_token": TOKEN},
    },
    "gallery": {"ecr_public": {}},
    "own": {"host": "registry.gitlab.com", "gitlab": {}},
    "other": {
        "host": "own.example/team",
        "static": {"parameter": "arn:aws:ssm:eu-west-1:123456789012:parameter/ci/own"},
    },
    "google": {"host": "gcr.io", "helper": "/usr/bin/docker-credential-gcr"},
}


@pytest.fixture(scope="module")
def up(project: Project) -> Iterator[Project]:
    """The stack with these registries; in the end, without them."""
    with ExitStack() as declared:
        for name, registry in REGISTRIES.items():
            declared.enter_context(project.declaring(f"registries/{name}", registry))
        used = ["team", "shared", "legacy", *REGISTRIES]
        declared.enter_context(project.declaring("runners/build/registries", used))
        project.up()
        yield project
    project.up()
    assert project.aws("ecr").describe_pull_through_cache_rules()["pullThroughCacheRules"] == []


def test_the_rules_of_the_caches_are_there(up: Project) -> None:
    found = up.aws("ecr").describe_pull_through_cache_rules()["pullThroughCacheRules"]
    rules = {rule["ecrRepositoryPrefix"]: rule for rule in found}
    assert {prefix: rule["upstreamRegistryUrl"] for prefix, rule in rules.items()} == {
        "quay": "quay.io",
        "hub": "registry-1.docker.io",
    }
    assert up.outputs()["registries"]["quay"]["host"] == f"{ECR}/quay"


def test_ecr_logs_in_with_the_declared_credentials(up: Project) -> None:
    found = up.aws("ecr").describe_pull_through_cache_rules(ecrRepositoryPrefixes=["hub"])
    (rule,) = found["pullThroughCacheRules"]
    secret = up.aws("secretsmanager").get_secret_value(SecretId=rule["credentialArn"])
    assert secret["Name"].startswith("ecr-pullthroughcache/ci-hub-")
    assert json.loads(secret["SecretString"]) == {"username": "me", "accessToken": TOKEN}
    assert TOKEN not in up.pulumi("stack", "export").stdout


def test_it_stays_as_it_is(up: Project) -> None:
    assert up.changes() == set()
    assert up.refresh() == set()


def test_the_host_knows_where_each_registrys_credentials_come_from(up: Project) -> None:
    files = files_of_the_host(up)
    assert "own.example/team parameter eu-west-1 arn:aws:ssm" in files
    assert "gcr.io helper /usr/bin/docker-credential-gcr" in files
    assert "registry.gitlab.com" not in files


def test_the_owner_of_the_other_account_is_told_what_to_allow(up: Project) -> None:
    policies = up.outputs()["required_policies"]
    assert list(policies) == ["shared"]
    assert "arn:aws:iam::123456789012:role/ci-build-" in policies["shared"]
