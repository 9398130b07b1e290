"""A server for the tests of a module, and clients of it."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import boto3
import pytest

from sandbox.services.aws.server import AwsServer


@pytest.fixture(scope="module")
def client() -> Iterator[Callable[[str], Any]]:
    """A function that creates a client of a service in a server of the module."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1")
    with AwsServer() as server:
        yield partial(session.client, endpoint_url=server.endpoint)
