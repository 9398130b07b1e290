"""The policies of a registry: who may replicate images into it, and how ECR creates repositories."""

import json
from typing import Any

import pytest
from pulumi_gitlab_runner.iam.ecr_settings import creation_role_policy, registry_policy
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.ecr_settings import ReplicaSource

CHINA = AwsEnvironment("123456789012", "cn-north-1", "aws-cn")
HERE = AwsEnvironment("123456789012", "eu-west-1")
REPOSITORIES = "arn:aws:ecr:eu-west-1:123456789012:repository"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"


def statements(policy: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return found


def test_an_account_may_replicate_only_to_the_declared_prefixes() -> None:
    sources = [ReplicaSource("210987654321", ("team/", "ci/")), ReplicaSource("333333333333")]
    assert statements(registry_policy(sources, HERE)) == [
        {
            "Sid": "ReplicateFrom1",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
            "Action": ["ecr:CreateRepository", "ecr:ReplicateImage"],
            "Resource": [f"{REPOSITORIES}/ci/*", f"{REPOSITORIES}/team/*"],
        },
        {
            "Sid": "ReplicateFrom2",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::333333333333:root"},
            "Action": ["ecr:CreateRepository", "ecr:ReplicateImage"],
            "Resource": [f"{REPOSITORIES}/*"],
        },
    ]


def test_the_registrys_policy_follows_the_partition() -> None:
    (statement,) = statements(registry_policy([ReplicaSource("210987654321")], CHINA))
    assert statement["Principal"] == {"AWS": "arn:aws-cn:iam::210987654321:root"}
    assert statement["Resource"] == ["arn:aws-cn:ecr:cn-north-1:123456789012:repository/*"]


def test_ecr_creates_repositories_below_the_prefixes_with_their_keys() -> None:
    create, encrypt = statements(creation_role_policy(["hub", "team/ci"], [KEY, KEY], HERE))
    assert create["Action"] == ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"]
    assert create["Resource"] == [f"{REPOSITORIES}/hub/*", f"{REPOSITORIES}/team/ci/*"]
    assert encrypt["Action"] == ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"]
    assert encrypt["Resource"] == [KEY]
    assert encrypt["Condition"] == {"StringEquals": {"kms:ViaService": "ecr.eu-west-1.amazonaws.com"}}


def test_the_root_template_is_for_every_repository() -> None:
    (create,) = statements(creation_role_policy(["ROOT"], [], HERE))
    assert create["Resource"] == [f"{REPOSITORIES}/*"]


def test_many_accounts_share_a_statement_where_the_policy_is_too_large_otherwise() -> None:
    accounts = [f"{number:012}" for number in range(200)]
    own = ReplicaSource("210987654321", ("team/",))
    found = statements(registry_policy([*map(ReplicaSource, accounts), own], HERE))
    assert [each["Sid"] for each in found] == ["ReplicateFrom1", "ReplicateFrom2"]
    assert found[0]["Principal"] == {"AWS": [f"arn:aws:iam::{each}:root" for each in accounts]}
    assert found[1]["Principal"] == {"AWS": "arn:aws:iam::210987654321:root"}
    assert found[1]["Resource"] == [f"{REPOSITORIES}/team/*"]


@pytest.mark.parametrize(("accounts", "shared"), [(31, False), (32, True)])
def test_a_policy_within_the_quota_stays_as_it_is(accounts: int, *, shared: bool) -> None:
    policy = registry_policy([ReplicaSource(f"{number:012}") for number in range(accounts)], HERE)
    assert len(policy) <= 10_240
    assert (len(statements(policy)) == 1) is shared
