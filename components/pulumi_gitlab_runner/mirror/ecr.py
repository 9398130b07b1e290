"""The calls to AWS for an ECR registry: its password, the mutability of its tags, the deletion of images.

The calls use the credentials of Pulumi's environment. A password for ECR, which is valid for 12 hours, is
requested when it is needed, and is not in the state.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from pulumi_gitlab_runner.auth.resolution.trace import Credentials
from pulumi_gitlab_runner.auth.secret import Secret
from pulumi_gitlab_runner.images.ecr import ECR_HOST, matches_any
from pulumi_gitlab_runner.registry.transfer import TransferError


def is_ecr(host: str) -> bool:
    """Whether a host is that of an ECR registry."""
    return ECR_HOST.fullmatch(host) is not None


def credentials_for(host: str) -> Credentials:
    """A user and password for an ECR registry.

    Raises:
        TransferError: AWS returns an error.
    """
    with _transfer_errors(f"requesting a password for {host} from AWS"):
        return _credentials(_region(host))


def may_move(host: str, repository: str, tag: str) -> bool:
    """Whether ECR allows moving a tag to another image.

    Raises:
        TransferError: AWS returns an error, or does not respond.
    """
    with _transfer_errors(f"looking up the settings of {host}/{repository}"):
        found = _client(_region(host)).describe_repositories(
            registryId=host.partition(".")[0], repositoryNames=[repository]
        )
    [settings] = found["repositories"]
    return tag_moves(
        tag, settings["imageTagMutability"], settings.get("imageTagMutabilityExclusionFilters", ())
    )


def tag_moves(tag: str, mutability: str, filters: Sequence[Mapping[str, str]]) -> bool:
    """Whether a tag may be moved under a repository's settings, as ECR returns them."""
    excepted = matches_any(tag, [each["filter"] for each in filters])
    if mutability.endswith("_WITH_EXCLUSION") and excepted:
        return mutability.startswith("IMMUTABLE")
    return mutability.startswith("MUTABLE")


def delete_tag(host: str, repository: str, tag: str) -> None:
    """Delete a tag, and the image with its last tag; no error if the tag does not exist.

    Raises:
        TransferError: AWS returns an error.
    """
    with _transfer_errors(f"deleting {host}/{repository}:{tag}"):
        _client(_region(host)).batch_delete_image(
            registryId=host.partition(".")[0], repositoryName=repository, imageIds=[{"imageTag": tag}]
        )


def _region(host: str) -> str:
    found = ECR_HOST.fullmatch(host)
    assert found is not None  # noqa: S101 - checked by the caller with `is_ecr`
    return found["region"]


@cache
def _credentials(region: str) -> Credentials:
    """A user and password for a region, valid for all registries that the identity may use."""
    [data] = _client(region).get_authorization_token()["authorizationData"]
    username, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    return Credentials(username, Secret(password))


@cache
def _client(region: str) -> Any:
    import boto3  # only here: the import takes a third of a second

    return boto3.client("ecr", region_name=region)


@contextmanager
def _transfer_errors(doing: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise TransferError(f"{doing}: {error}") from None
