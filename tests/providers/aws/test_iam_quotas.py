"""The sandbox's IAM refuses what exceeds the quotas of AWS."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.providers.aws.cases import trust
from tests.providers.aws.test_limits import of_length

TRUST = trust("ec2.amazonaws.com")


@pytest.fixture
def iam(endpoint: str) -> Any:
    return boto3.client("iam", endpoint_url=endpoint, region_name="us-east-1")


@pytest.fixture
def role(iam: Any) -> str:
    name = f"quotas-{uuid4().hex[:8]}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    return name


def refused(call: Callable[[], Any]) -> str:
    """The code and message of a refusal; empty without one."""
    try:
        call()
    except ClientError as error:
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    return ""


def test_the_quota_of_all_inline_policies_of_a_role(iam: Any, role: str) -> None:
    def put(name: str, characters: int) -> str:
        policy = of_length(characters)
        return refused(lambda: iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=policy))

    assert put("first", 6_000) == ""
    assert put("first", 10_240) == ""
    full = f"LimitExceeded: Maximum policy size of 10240 bytes exceeded for role {role}"
    assert put("second", 200) == full
    assert put("first", 10_241) == full
    assert put("first", 10_000) == ""
    assert put("second", 240) == ""


def test_the_quota_of_a_managed_policy_and_its_versions(iam: Any) -> None:
    def create(characters: int) -> Any:
        name = f"quotas-{uuid4().hex[:8]}"
        return iam.create_policy(PolicyName=name, PolicyDocument=of_length(characters))["Policy"]["Arn"]

    arn = create(6_144)
    assert refused(lambda: create(6_145)) == "LimitExceeded: Cannot exceed quota for PolicySize: 6144"
    assert (
        refused(lambda: iam.create_policy_version(PolicyArn=arn, PolicyDocument=of_length(6_145)))
        == "LimitExceeded: Cannot exceed quota for PolicySize: 6144"
    )


def test_the_quota_of_a_trust_policy(iam: Any, role: str) -> None:
    def update(document: str) -> str:
        return refused(lambda: iam.update_assume_role_policy(RoleName=role, PolicyDocument=document))

    statement = TRUST.removeprefix('{"Version": "2012-10-17", "Statement": [').removesuffix("]}")
    many = '{"Version": "2012-10-17", "Statement": [' + ", ".join([statement] * 40) + "]}"
    assert update(many) == "LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048"
    assert update(TRUST) == ""
    assert (
        refused(lambda: iam.create_role(RoleName="too-large", AssumeRolePolicyDocument=many))
        == "LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048"
    )


def test_the_quota_of_managed_policies_of_a_role(iam: Any, role: str) -> None:
    arns = [
        iam.create_policy(PolicyName=f"{role}-{number}", PolicyDocument=of_length(200))["Policy"]["Arn"]
        for number in range(11)
    ]
    for arn in arns[:10]:
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)

    def attach(arn: str) -> str:
        return refused(lambda: iam.attach_role_policy(RoleName=role, PolicyArn=arn))

    assert attach(arns[10]) == "LimitExceeded: Cannot exceed quota for PoliciesPerRole: 10"
    assert attach(arns[9]) == ""
    iam.detach_role_policy(RoleName=role, PolicyArn=arns[0])
    assert attach(arns[10]) == ""
