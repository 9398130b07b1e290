"""The call that a request makes, in the protocols of AWS and GitLab."""

import json

import pytest

from tests.faults.calls import Request, call_of


def aws(service: str, method: str, path: str, body: bytes = b"", **headers: str) -> str:
    scope = f"AWS4-HMAC-SHA256 Credential=key/20261129/eu-west-1/{service}/aws4_request, SignedHeaders=host"
    request = Request(method, path, {"Authorization": scope, **headers}, body)
    return str(call_of(request, "aws"))


def test_a_query() -> None:
    body = b"Action=CreateRole&Version=2010-05-08&RoleName=ci-build-0a1b2c3&Path=%2F"
    assert aws("iam", "POST", "/", body) == "iam CreateRole ci-build"


def test_the_name_of_a_call_has_no_id_of_ec2() -> None:
    body = b"Action=AuthorizeSecurityGroupEgress&Version=2016-11-15&GroupName=sg-0123456789abcdef0"
    assert aws("ec2", "POST", "/", body) == "ec2 AuthorizeSecurityGroupEgress sg-"


def test_a_target() -> None:
    body = json.dumps({"repositoryName": "ci/base", "tags": []}).encode()
    headers = {"X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.CreateRepository"}
    assert aws("ecr", "POST", "/", body, **headers) == "ecr CreateRepository ci/base"


def test_a_path() -> None:
    assert aws("s3", "PUT", "/ci-0a1b2c3?versioning", b"<x/>") == "s3 PUT /ci?versioning"
    assert aws("cloudwatch", "POST", "/service/GraniteServiceVersion20100801/operation/PutMetricAlarm") == (
        "cloudwatch PutMetricAlarm"
    )


def test_gitlab() -> None:
    request = Request(
        "POST",
        "/api/v4/groups/42/variables",
        {},
        b'{"key": "REGION", "value": "a-secret", "description": "d"}',
    )
    assert str(call_of(request, "gitlab")) == "gitlab POST groups/42/variables REGION"


@pytest.mark.parametrize(
    ("action", "changes"),
    [("DescribeGroups", False), ("GetRole", False), ("PutRolePolicy", True), ("BatchGetImage", False)],
)
def test_whether_an_action_changes_something(action: str, changes: bool) -> None:
    body = f"Action={action}&Version=1".encode()
    headers = {"Authorization": "Credential=key/20261129/eu-west-1/iam/aws4_request"}
    assert call_of(Request("POST", "/", headers, body), "aws").changes is changes
