"""Credentials of registries, and other secrets, from AWS."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .attempts import RefusedError, TemporaryError

Source = Mapping[str, str]
"""`kind`, `region` and, for a `secret` or `parameter`, its ARN or name as `id`."""


def auth_of(source: Source) -> str:
    """The credentials of a registry in Docker's format, `USER:PASSWORD` in Base64."""
    return _AUTH_OF[source["kind"]](source)


def stored(source: Source) -> str:
    """The text of a secret or parameter."""
    if source["kind"] == "secret":
        answer = _ask("secretsmanager", source["region"], "get_secret_value", SecretId=source["id"])
        return str(answer["SecretString"])
    answer = _ask("ssm", source["region"], "get_parameter", Name=source["id"], WithDecryption=True)
    return str(answer["Parameter"]["Value"])


def _ecr(source: Source) -> str:
    """The password for ECR in a region."""
    data = _ask("ecr", source["region"], "get_authorization_token")["authorizationData"]
    return str(data[0]["authorizationToken"])


def _ecr_public(source: Source) -> str:
    """The password for `public.ecr.aws`."""
    data = _ask("ecr-public", source["region"], "get_authorization_token")["authorizationData"]
    return str(data["authorizationToken"])


def _user_and_password(source: Source) -> str:
    """A user and password from a secret store."""
    no_pair = RefusedError('the stored text is not {"username": …, "password": …}')
    try:
        pair = json.loads(stored(source))
        username, password = pair["username"], pair["password"]
        text = f"{username}:{password}".encode()
    except (ValueError, TypeError, KeyError):
        raise no_pair from None
    if not (isinstance(username, str) and isinstance(password, str) and username and password):
        raise no_pair
    if ":" in username:
        raise RefusedError("the stored user has a colon, which ends the user in Docker's configuration")
    return base64.b64encode(text).decode()


_AUTH_OF: Mapping[str, Callable[[Source], str]] = {
    "ecr": _ecr,
    "ecr-public": _ecr_public,
    "parameter": _user_and_password,
    "secret": _user_and_password,
}


def _ask(service: str, region: str, operation: str, **arguments: Any) -> dict[str, Any]:
    """The response of an AWS API operation."""
    settings = Config(connect_timeout=5, read_timeout=5, retries={"total_max_attempts": 1})
    client = boto3.client(service, region_name=region, config=settings)
    try:
        answer: dict[str, Any] = getattr(client, operation)(**arguments)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        message = f"{code}: {error.response['Error'].get('Message', '')}"
        if code in ("ResourceNotFoundException", "ParameterNotFound"):
            raise RefusedError(message) from None
        # Also a missing permission: a new one takes effect in IAM after a while.
        raise TemporaryError(message) from None
    except BotoCoreError as error:
        raise TemporaryError(f"AWS cannot be reached ({type(error).__name__})") from None
    return answer
