"""The function as deployed to Lambda, against moto's server and the GitLab double, with a fake clock."""

import importlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import boto3
import pytest
from pulumi_gitlab_runner.hosted_auth.configuration import code

from sandbox.services.aws.server import AwsServer
from tests.hosted_auth.gitlab_server import TOKEN, GitLabServer, gitlab_server

REGION = "eu-west-1"
ECR_HOST = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
PASSWORD = "canary-of-the-password"
TOKEN_PARAMETER = "/ci/gitlab-token"
PASSWORD_PARAMETER = "/ci/legacy"


@pytest.fixture(scope="module")
def aws_endpoint() -> Iterator[str]:
    """AWS in memory, with the stored token and password."""
    before = dict(os.environ)
    with AwsServer() as server:
        os.environ |= {
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
        }
        ssm = boto3.client("ssm", region_name=REGION)
        stored = {"username": "me", "password": PASSWORD}
        for name, value in ((TOKEN_PARAMETER, f"{TOKEN}\n"), (PASSWORD_PARAMETER, json.dumps(stored))):
            ssm.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)
        yield server.endpoint
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The handler's module, from a folder that has only the function's files."""
    folder = tmp_path_factory.mktemp("function")
    for path, text in code().items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("renewal.handler")
    finally:
        sys.path.remove(str(folder))
        for name in [each for each in sys.modules if each.partition(".")[0] == "renewal"]:
            del sys.modules[name]


@pytest.fixture(scope="session")
def _gitlab() -> Iterator[GitLabServer]:
    with gitlab_server() as server:
        yield server


@pytest.fixture
def gitlab(_gitlab: GitLabServer) -> GitLabServer:
    """The GitLab double in its initial state."""
    _gitlab.reset()
    return _gitlab


@dataclass
class FakeTime:
    """A time that passes only during `sleep`."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


def variable(scope: str, **settings: Any) -> dict[str, Any]:
    usual = {"key": "DOCKER_AUTH_CONFIG", "environment_scope": "*", "protected": False}
    return {"scope": scope, **usual, **settings}


@dataclass
class Function:
    """The function, its configuration, and the time that it has."""

    module: ModuleType
    configuration: dict[str, Any]
    time: FakeTime = field(default_factory=FakeTime)
    timeout: float = 100.0

    def run(self, event: dict[str, Any] | None = None) -> dict[str, list[str]]:
        clock = self.module.Clock(self.time.now() + self.timeout, self.time.now, self.time.sleep)
        return self.module.run(self.configuration, event or {}, clock)

    def failing(self, event: dict[str, Any] | None = None) -> str:
        """Run the function, and return the message of its error."""
        with pytest.raises(self.module.RenewalError) as failure:
            self.run(event)
        return str(failure.value)


@pytest.fixture
def function(deployed: ModuleType, gitlab: GitLabServer, aws_endpoint: str) -> Function:
    """A function for two projects and a group, with ECR and a registry with a fixed password."""
    own = {"kind": "parameter", "region": REGION}
    return Function(
        deployed,
        {
            "mark": "Kept fresh by ci/dev/hosted-auth/ecr",
            "gitlab_url": gitlab.url,
            "gitlab_token": {**own, "id": TOKEN_PARAMETER},
            "registries": {
                ECR_HOST: {"kind": "ecr", "region": REGION},
                "legacy.example": {**own, "id": PASSWORD_PARAMETER},
            },
            "variables": [variable("project 7"), variable("project 8"), variable("group 42")],
        },
    )
