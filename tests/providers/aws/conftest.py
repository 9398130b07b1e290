"""A moto server for the session, and the stand-in configured for it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest

from sandbox.providers.aws.provider import Aws
from sandbox.services.aws.server import AwsServer
from sandbox.standin.properties import Failure
from sandbox.standin.provider import Difference, State

REGION = "eu-west-1"
_numbers = count(1)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of an AWS in memory."""
    before = dict(os.environ)
    with AwsServer() as server:
        os.environ |= {
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
        }
        yield server.endpoint
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="module")
def aws(endpoint: str) -> Aws:
    """The stand-in, in one region."""
    provider = Aws()
    provider.configure({"region": REGION})
    return provider


@dataclass(frozen=True)
class Made:
    """A resource that a test created, with its values in a stack's state."""

    aws: Aws
    token: str
    name: str
    id: str
    given: dict[str, Any]
    inputs: dict[str, Any]
    outputs: dict[str, Any]

    def check(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """The checked inputs of an update of the resource; they must be accepted."""
        checked, failures = self.aws.check(self.token, self.name, self.inputs, inputs, b"seed")
        assert failures == []
        return checked

    def difference(self, inputs: dict[str, Any]) -> Difference:
        """What an update to ``inputs`` would change."""
        return self.aws.diff(self.token, self.inputs, self.outputs, self.check(inputs))

    def update(self, inputs: dict[str, Any]) -> "Made":
        """The same resource with other inputs."""
        new = self.check(inputs)
        outputs = self.aws.update(self.token, self.id, self.inputs, self.outputs, new, preview=False)
        return replace(self, given=inputs, inputs=new, outputs=outputs)

    def read(self) -> State | None:
        """The state as a refresh reads it."""
        return self.aws.read(self.token, self.id, self.inputs, self.outputs)

    def imported(self, resource_id: str = "") -> State:
        """The state as an import reads it."""
        state = self.aws.read(self.token, resource_id or self.id, {}, {})
        assert state is not None
        return state

    def delete(self) -> None:
        """Delete it."""
        self.aws.delete(self.token, self.id, self.outputs)


Make = Callable[..., Made]


@pytest.fixture(scope="module")
def make(aws: Aws) -> Make:
    """Creates a resource of the type ``token``; each has its own name in the program."""

    def make(token: str, inputs: dict[str, Any]) -> Made:
        name = f"demo{next(_numbers)}"
        checked, failures = aws.check(token, name, {}, inputs, name.encode())
        assert failures == []
        resource_id, outputs = aws.create(token, checked, preview=False)
        return Made(aws, token, name, resource_id, inputs, checked, outputs)

    return make


@pytest.fixture(scope="module")
def client(aws: Aws) -> Callable[[str], Any]:
    """The client for a service, to change things by hand."""
    return lambda service: aws.connect({}).client(service)


@pytest.fixture
def failures(aws: Aws) -> Callable[[str, dict[str, Any]], list[Failure]]:
    """The failures of inputs of the type ``token``."""
    return lambda token, inputs: aws.check(token, "demo", {}, inputs, b"seed")[1]
