"""ECR Public in the sandbox's AWS."""

import base64
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError


def gallery(endpoint: str, region: str) -> Any:
    return boto3.client("ecr-public", region_name=region, endpoint_url=endpoint)


def test_it_returns_a_token(endpoint: str) -> None:
    given = gallery(endpoint, "us-east-1").get_authorization_token()["authorizationData"]
    username, _, password = base64.b64decode(given["authorizationToken"]).decode().partition(":")
    assert (username, bool(password)) == ("AWS", True)


def test_it_answers_in_one_region_only(endpoint: str) -> None:
    with pytest.raises(ClientError, match="eu-west-1"):
        gallery(endpoint, "eu-west-1").get_authorization_token()


def test_it_refuses_unsupported_operations(endpoint: str) -> None:
    with pytest.raises(ClientError, match="UnsupportedCommandException"):
        gallery(endpoint, "us-east-1").describe_repositories()
