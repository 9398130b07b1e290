"""What AWS is asked about ECR, against moto."""

from collections.abc import Iterator

import boto3
import pytest
from pulumi_gitlab_runner.mirror import ecr
from pulumi_gitlab_runner.registry.transfer import TransferError

from sandbox.services.aws.server import AwsServer

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.fixture(scope="module", autouse=True)
def aws() -> Iterator[None]:
    """An AWS in memory, in the environment of these tests."""
    with AwsServer() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", server.endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", "sandbox")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
        patch.setenv("NO_PROXY", "127.0.0.1")
        client = boto3.client("ecr", region_name="eu-west-1")
        client.create_repository(
            repositoryName="mirror/app",
            imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
            imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "latest*"}],
        )
        yield
    ecr._client.cache_clear()
    ecr._credentials.cache_clear()


def test_the_password_comes_from_aws() -> None:
    found = ecr.credentials_for(HOST)
    assert found.username == "AWS"
    assert found.password.get_secret_value()


@pytest.mark.parametrize(
    ("mutability", "tag", "moves"),
    [
        ("MUTABLE", "1", True),
        ("IMMUTABLE", "latest", False),
        ("IMMUTABLE_WITH_EXCLUSION", "latest", True),
        ("IMMUTABLE_WITH_EXCLUSION", "latest-arm", True),
        ("IMMUTABLE_WITH_EXCLUSION", "1.latest", False),
        ("MUTABLE_WITH_EXCLUSION", "latest", False),
        ("MUTABLE_WITH_EXCLUSION", "1", True),
    ],
)
def test_which_tags_move(mutability: str, tag: str, moves: bool) -> None:
    assert ecr.tag_moves(tag, mutability, [{"filter": "latest*"}]) is moves


def test_a_repository_is_asked_for_its_settings() -> None:
    with pytest.raises(TransferError) as caught:
        ecr.may_move(HOST, "mirror/none", "1")
    assert f"looking up the settings of {HOST}/mirror/none" in str(caught.value)
    assert "RepositoryNotFoundException" in str(caught.value)


def test_another_host_is_not_ecr() -> None:
    assert ecr.is_ecr(HOST)
    assert not ecr.is_ecr(f"{HOST}.example.com")
