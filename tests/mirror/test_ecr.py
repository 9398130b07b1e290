"""The requests to ECR, against moto."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from pulumi_gitlab_runner.mirror import ecr
from pulumi_gitlab_runner.registry.transfer import TransferError

from sandbox.services.aws.server import AwsServer

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
OTHER_HOST = HOST.replace("123456789012", "210987654321")
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"})


@pytest.fixture(scope="module", autouse=True)
def aws() -> Iterator[Any]:
    """An AWS in memory, in the environment of these tests."""
    with AwsServer() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", server.endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", "sandbox")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
        patch.setenv("NO_PROXY", "127.0.0.1")
        client = boto3.client("ecr", region_name="eu-west-1")
        client.create_repository(repositoryName="another")
        client.create_repository(
            repositoryName="mirror/app",
            imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
            imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "latest*"}],
        )
        yield client
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


def test_a_missing_repository_is_an_error() -> None:
    with pytest.raises(TransferError) as caught:
        ecr.may_move(HOST, "mirror/none", "1")
    assert f"looking up the settings of {HOST}/mirror/none" in str(caught.value)
    assert "RepositoryNotFoundException" in str(caught.value)


@pytest.mark.parametrize(
    ("repository", "tag", "moves"),
    [("another", "1", True), ("mirror/app", "1", False), ("mirror/app", "latest", True)],
)
def test_the_settings_of_a_repository_decide_which_tags_move(repository: str, tag: str, moves: bool) -> None:
    assert ecr.may_move(HOST, repository, tag) is moves


def test_a_deletion_removes_only_its_tag_and_may_be_repeated(aws: Any) -> None:
    for tag in ("1", "latest"):
        aws.put_image(repositoryName="mirror/app", imageManifest=MANIFEST, imageTag=tag)
    for _ in range(2):
        ecr.delete_tag(HOST, "mirror/app", "1")
    assert [each["imageTag"] for each in aws.list_images(repositoryName="mirror/app")["imageIds"]] == [
        "latest"
    ]


def test_an_image_is_deleted_in_the_account_of_its_host() -> None:
    asked: list[dict[str, Any]] = []
    events, call = ecr._client("eu-west-1").meta.events, "provide-client-params.ecr.BatchDeleteImage"
    events.register(call, lambda params, **_: asked.append(params), unique_id="account")
    ecr.delete_tag(OTHER_HOST, "another", "1")
    events.unregister(call, unique_id="account")
    assert [each["registryId"] for each in asked] == ["210987654321"]


def test_a_failure_before_the_request_is_an_error_of_the_transfer(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_credentials(region: str) -> Any:
        raise NoCredentialsError

    monkeypatch.setattr(ecr, "_client", without_credentials)
    host = HOST.replace("eu-west-1", "us-east-1")  # of which no password is kept
    with pytest.raises(TransferError, match=f"requesting a password for {host} from AWS: Unable to locate"):
        ecr.credentials_for(host)


def test_another_host_is_not_ecr() -> None:
    assert ecr.is_ecr(HOST)
    assert not ecr.is_ecr(f"{HOST}.example.com")
