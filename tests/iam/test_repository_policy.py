"""The policy of a repository that other accounts may pull from."""

import json
import re

import pytest
from pulumi_gitlab_runner.iam.pull import (
    IMPORT_ACTIONS,
    PULL_ACTIONS,
    owner_policy,
    owner_registry_policy,
    pull_by_accounts_policy,
    stable_role_patterns,
)

ACCOUNT = "arn:aws:iam::123456789012"
ROLE = f"{ACCOUNT}:role/ci/ci-build-0a1b2c3"


def test_other_accounts_may_only_pull() -> None:
    assert json.loads(pull_by_accounts_policy(["333333333333", "210987654321"], "aws")) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "PullByOtherAccounts",
                "Effect": "Allow",
                "Principal": {
                    "AWS": ["arn:aws:iam::210987654321:root", "arn:aws:iam::333333333333:root"],
                },
                "Action": [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
            }
        ],
    }


def test_accounts_follow_the_partition() -> None:
    document = json.loads(pull_by_accounts_policy(["210987654321"], "aws-cn"))
    assert document["Statement"][0]["Principal"] == {"AWS": ["arn:aws-cn:iam::210987654321:root"]}


def test_the_order_of_accounts_does_not_change_the_policy() -> None:
    accounts = ["333333333333", "210987654321"]
    assert pull_by_accounts_policy(accounts, "aws") == pull_by_accounts_policy(accounts[::-1], "aws")


def test_the_owner_allows_the_account_to_read_digests_and_its_roles_to_pull() -> None:
    """A role as a principal would become invalid when it is replaced: IAM stores its unique ID."""
    digests, pull = json.loads(owner_policy([ROLE]))["Statement"]
    assert digests == {
        "Sid": "DigestsForPulumi",
        "Effect": "Allow",
        "Principal": {"AWS": [f"{ACCOUNT}:root"]},
        "Action": ["ecr:DescribeImages", "ecr:DescribeRepositories"],
    }
    assert pull == {
        "Sid": "PullByRunnerManagers",
        "Effect": "Allow",
        "Principal": {"AWS": [f"{ACCOUNT}:root"]},
        "Action": sorted(PULL_ACTIONS),
        "Condition": {
            "ArnLike": {
                "aws:PrincipalArn": [f"{ACCOUNT}:role/*/ci-build-???????", f"{ACCOUNT}:role/ci-build-???????"]
            }
        },
    }


@pytest.mark.parametrize(
    ("role", "matched"),
    [
        ("ci/ci-build-0a1b2c3", True),
        ("ci-build-fffffff", True),
        ("another/path/ci-build-fffffff", True),
        ("ci-build-0a1b2c3d", False),
        ("mine-ci-build-0a1b2c3", False),
        ("ci/ci-deploy-0a1b2c3", False),
    ],
)
def test_the_pattern_of_a_role_matches_roles_that_replace_it(role: str, matched: bool) -> None:
    assert any(_like(pattern, f"{ACCOUNT}:role/{role}") for pattern in stable_role_patterns(ROLE)) == matched


def _like(pattern: str, arn: str) -> bool:
    """IAM's ArnLike: each of the six parts separately, `*` any text, `?` one character."""
    return all(
        re.fullmatch(re.escape(one).replace(r"\*", ".*").replace(r"\?", "."), other)
        for one, other in zip(pattern.split(":", 5), arn.split(":", 5), strict=True)
    )


def test_the_pattern_of_a_role_with_a_custom_name_is_its_name() -> None:
    assert stable_role_patterns(f"{ACCOUNT}:role/puller") == [
        f"{ACCOUNT}:role/puller",
        f"{ACCOUNT}:role/*/puller",
    ]


def test_the_owner_of_a_cache_allows_the_roles_to_import() -> None:
    cached = "arn:aws:ecr:us-east-1:210987654321:repository/hub/*"
    (statement,) = json.loads(owner_registry_policy([ROLE], [cached]))["Statement"]
    assert statement["Principal"] == {"AWS": [f"{ACCOUNT}:root"]}
    assert statement["Action"] == sorted(IMPORT_ACTIONS)
    assert statement["Resource"] == [cached]
    assert "aws:PrincipalArn" in statement["Condition"]["ArnLike"]
