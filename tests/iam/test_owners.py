"""Registries of other accounts: their owners, and the policies that the owners must add."""

import json
from typing import Any

from pulumi_gitlab_runner.iam.registries import foreign_owners, required_policies
from pulumi_gitlab_runner.spec import AwsEnvironment, parse_stack

HERE = AwsEnvironment("123456789012", "eu-west-1")
ROLE = "arn:aws:iam::123456789012:role/ci/build-0a1b2c3"
PATTERNS = ["arn:aws:iam::123456789012:role/*/build-???????", "arn:aws:iam::123456789012:role/build-???????"]
TOKEN = {"secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci/token-AbCdEf"}
STACK = parse_stack(
    {
        "gitlab_url": "https://gitlab.example.com",
        "registries": {
            "team": {"ecr": {}, "repositories": ["base"]},
            "shared": {
                "ecr": {"account": "210987654321", "region": "us-east-1", "caches": ["hub"]},
                "repositories": ["tools", "app"],
            },
            "plain": {"ecr": {"account": "310987654321"}, "repositories": ["a/b"]},
            "unused": {"ecr": {"account": "410987654321"}, "repositories": ["a/b"]},
        },
        "runners": {"build": {"group": 42, "host": {}, "registries": ["team", "shared"]}},
        "hosted_auth": {"all": {"projects": [8], "registries": ["plain", "shared"], "gitlab_token": TOKEN}},
        "job_roles": {"publish": {"projects": ["a/b"], "branches": ["main"], "registries": ["plain"]}},
    }
)


def test_the_owners_of_pulled_registries() -> None:
    assert foreign_owners(STACK) == {
        "shared": {
            "account": "210987654321",
            "repositories": ["app", "tools"],
            "caches": ["hub"],
            "users": ["build", "hosted_auth all"],
        },
        "plain": {
            "account": "310987654321",
            "repositories": ["a/b"],
            "caches": [],
            "users": ["hosted_auth all", "job_roles publish"],
        },
    }


def granted(statement: dict[str, Any]) -> tuple[str, list[str], Any]:
    """The account, the actions and the roles of a statement."""
    roles = statement.get("Condition", {}).get("ArnLike", {}).get("aws:PrincipalArn")
    return statement["Principal"]["AWS"][0], statement["Action"], roles


def test_the_policies_that_the_owners_must_add() -> None:
    registries = [STACK.registries[name] for name in ("team", "shared", "plain")]
    policies = required_policies({ROLE: registries, ROLE.replace("build", "other"): registries[2:]}, HERE)
    assert policies.keys() == {"shared", "shared/registry", "plain"}
    account = "arn:aws:iam::123456789012:root"
    describing, pulling = json.loads(policies["shared"])["Statement"]
    assert granted(describing) == (account, ["ecr:DescribeImages", "ecr:DescribeRepositories"], None)
    assert granted(pulling) == (
        account,
        ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        PATTERNS,
    )
    (importing,) = json.loads(policies["shared/registry"])["Statement"]
    assert granted(importing) == (account, ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"], PATTERNS)
    assert importing["Resource"] == ["arn:aws:ecr:us-east-1:210987654321:repository/hub/*"]
    pulling = json.loads(policies["plain"])["Statement"][1]
    others = [each.replace("build", "other") for each in PATTERNS]
    assert granted(pulling)[2] == sorted([*PATTERNS, *others])
