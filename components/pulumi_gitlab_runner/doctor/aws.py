"""Requests to AWS by its SDK, whose errors end the doctor with one message."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pulumi_gitlab_runner.doctor.errors import UsageError, reason

Client = Callable[[str, str], Any]
"""Returns the client of a service in a region."""


@contextmanager
def requests_to_aws(failure: str) -> Iterator[Client]:
    """The clients for requests to AWS; `failure` says what a failed request means.

    Raises:
        UsageError: boto3 is not installed, or a request fails.
    """
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        raise UsageError("requests to AWS need boto3: pip install 'runner-doctor[live]'") from None
    try:
        yield boto3.client
    except (BotoCoreError, ClientError) as error:
        raise UsageError(f"{failure}: {reason(error)}") from None
