"""The state of a server in a test's own process."""

from typing import Any

import boto3
import pytest

from sandbox.services.aws.server import AwsServer

_COMPONENT = {"name": "tools", "semanticVersion": "1.0.0", "platform": "Linux", "data": "phases: []"}


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def client(server: AwsServer, service: str) -> Any:
    return boto3.client(service, region_name="eu-west-1", endpoint_url=server.endpoint)


def parameters(server: AwsServer) -> list[str]:
    return [each["Name"] for each in client(server, "ssm").describe_parameters()["Parameters"]]


def put(server: AwsServer, name: str) -> None:
    client(server, "ssm").put_parameter(Name=name, Value="value", Type="String")


def test_a_server_after_another_one_starts_empty() -> None:
    with AwsServer() as first:
        put(first, "/first")
        client(first, "imagebuilder").create_component(**_COMPONENT)
    with AwsServer() as second:
        assert parameters(second) == []
        assert client(second, "imagebuilder").list_components()["componentVersionList"] == []


def test_a_policy_of_aws_is_not_attached_at_first() -> None:
    policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    counts = []
    for _ in range(2):
        with AwsServer() as server:
            iam = client(server, "iam")
            iam.create_role(RoleName="role", AssumeRolePolicyDocument="{}")
            for _ in range(2):
                counts.append(iam.get_policy(PolicyArn=policy)["Policy"]["AttachmentCount"])
                iam.attach_role_policy(RoleName="role", PolicyArn=policy)
    assert counts == [0, 1] * 2


def test_a_second_server_does_not_clear_the_first() -> None:
    with AwsServer() as first:
        put(first, "/first")
        with AwsServer() as second:
            put(second, "/second")
        assert parameters(first) == ["/first", "/second"]
    with AwsServer() as third:
        assert parameters(third) == []
