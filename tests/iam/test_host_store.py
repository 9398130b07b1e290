"""Who may read and write the files of hosts, and what the key of a stack is used for."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest
from pulumi_gitlab_runner.iam.bucket import bucket_policy
from pulumi_gitlab_runner.iam.host_store import key_policy, store_statements
from pulumi_gitlab_runner.spec import AwsEnvironment

ACCOUNT = "123456789012"
HERE = AwsEnvironment(ACCOUNT, "eu-west-1")
BUCKET = "arn:aws:s3:::ci-0a1b2c3"
DEPLOY = f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"
OPERATORS = [DEPLOY, f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Admin_*"]
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0a1b2c"
HOST = {"aws:PrincipalTag/gitlab-runner-host": "/ci/dev/build"}
OTHER_STACK = {"aws:PrincipalTag/gitlab-runner-host": "/ci/prod/build"}

# The operators of a condition, for a key in the request; without the key, negated operators match:
# docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
MATCHES = {
    "Bool": lambda found, wanted: found == wanted,
    "StringNotEquals": lambda found, wanted: found != wanted,
    "StringNotLike": lambda found, wanted: not fnmatchcase(found, wanted),
    "ArnNotLike": lambda found, wanted: not fnmatchcase(found, wanted),
}


def denied(operators: list[str], action: str, **context: str) -> bool:
    """Whether the bucket's policy denies a call on an object, regardless of IAM policies."""
    request = {
        "aws:SecureTransport": "true",
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalAccount": ACCOUNT,
        "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/somebody",
        **context,
    }
    policy = json.loads(bucket_policy(BUCKET, store_statements(BUCKET, "ci/dev", operators, HERE)))
    return any(_applies(statement, action, request) for statement in policy["Statement"])


def _applies(statement: dict[str, Any], action: str, request: dict[str, str]) -> bool:
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    if not any(fnmatchcase(action, each) for each in _listed(statement["Action"])):
        return False
    return all(
        all(MATCHES[operator](request[key], each) for each in _listed(wanted))
        if key in request
        else "Not" in operator
        for operator, keys in statement["Condition"].items()
        for key, wanted in keys.items()
    )


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


READ, WRITE = ("s3:GetObject", "s3:GetObjectVersion"), ("s3:PutObject", "s3:DeleteObjectVersion")


@pytest.mark.parametrize("action", [*READ, *WRITE])
def test_without_operators_iam_decides_within_the_account(action: str) -> None:
    assert not denied([], action)
    assert denied([], action, **{"aws:PrincipalAccount": "210987654321"})
    assert denied([], action, **{"aws:SecureTransport": "false"})


@pytest.mark.parametrize("action", [*READ, *WRITE])
def test_only_operators_read_and_write(action: str) -> None:
    assert denied(OPERATORS, action)
    assert denied(OPERATORS, action, **OTHER_STACK)
    for operator in (DEPLOY, ADMIN):
        assert not denied(OPERATORS, action, **{"aws:PrincipalArn": operator})


def test_hosts_of_the_stack_read_and_do_not_write() -> None:
    assert [denied(OPERATORS, action, **HOST) for action in READ] == [False, False]
    assert [denied(OPERATORS, action, **HOST) for action in WRITE] == [True, True]


@pytest.mark.parametrize("action", ["s3:ReplicateObject", "s3:ReplicateDelete"])
def test_a_replication_from_another_bucket_is_a_write(action: str) -> None:
    assert denied(OPERATORS, action)
    assert denied(OPERATORS, action, **HOST)
    assert not denied(OPERATORS, action, **{"aws:PrincipalArn": DEPLOY})
    assert not denied([], action)


def test_identities_that_may_change_the_policy_are_not_locked_out() -> None:
    for action in ("s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:ListBucket"):
        assert not denied(OPERATORS, action)


@pytest.mark.parametrize(
    ("environment", "service", "groups"),
    [
        (HERE, "logs.eu-west-1.amazonaws.com", f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/ci/dev/*"),
        (
            AwsEnvironment(ACCOUNT, "cn-north-1", "aws-cn"),
            "logs.cn-north-1.amazonaws.com.cn",
            f"arn:aws-cn:logs:cn-north-1:{ACCOUNT}:log-group:/ci/dev/*",
        ),
    ],
    ids=["aws", "aws-cn"],
)
def test_the_key_is_used_only_for_log_groups_of_the_stack(
    environment: AwsEnvironment, service: str, groups: str
) -> None:
    account, logs = json.loads(key_policy("ci/dev", environment))["Statement"]
    assert (account["Sid"], logs["Sid"]) == ("Account", "Logs")
    assert account["Principal"] == {"AWS": f"arn:{environment.partition}:iam::{ACCOUNT}:root"}
    assert (account["Action"], account["Resource"]) == ("kms:*", "*")
    assert logs["Principal"] == {"Service": service}
    built = groups.replace("/ci/dev/*", "/aws/imagebuilder/ci-dev-*")
    assert logs["Condition"] == {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": [groups, built]}}
