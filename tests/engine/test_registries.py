"""A stack with a registry of every further kind: made as declared, steady, and gone again."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.engine.project import Project
from tests.engine.test_changes import files_of_the_host

pytestmark = pytest.mark.engine

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
REGISTRIES: dict[str, Any] = {
    "quay": {"pull_through": "quay"},
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


def test_the_rule_of_the_cache_is_there(up: Project) -> None:
    (rule,) = up.aws("ecr").describe_pull_through_cache_rules()["pullThroughCacheRules"]
    assert (rule["ecrRepositoryPrefix"], rule["upstreamRegistryUrl"]) == ("quay", "quay.io")
    assert up.outputs()["registries"]["quay"]["host"] == f"{ECR}/quay"


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
    assert "arn:aws:iam::123456789012:role/build-" in policies["shared"]
