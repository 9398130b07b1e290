"""The output of commands that call AWS, GitLab or registries, with stand-ins for these."""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from copy import deepcopy
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import httpx
import pytest
from pulumi_gitlab_runner.doctor import command_line
from pulumi_gitlab_runner.images.reference import ImageReference
from pulumi_gitlab_runner.registry.answer import Outcome, RegistryAnswer
from pulumi_gitlab_runner.registry.client import RegistryClient
from pulumi_gitlab_runner.review.note import note
from pulumi_gitlab_runner.spec.aws_tags import STACK_TAG

from sandbox.services.aws.server import AwsServer
from sandbox.services.gitlab import create_application
from sandbox.services.gitlab.application import create_server
from tests.docs.documents import blocks
from tests.review.stacks import preview_of, state_of

COLUMNS = "80"
TOKEN = "a-token-of-the-tests"
DIGESTS = {"python": f"sha256:{'4f3a' * 16}", "postgres": f"sha256:{'9b2c' * 16}"}


def pin_check() -> str:
    """`runner-doctor pin --check` of the pipeline that precedes it in the documentation."""
    found = list(blocks())
    shown = next(index for index, block in enumerate(found) if "runner-doctor pin" in block.mark)

    def answers(_: RegistryClient, images: Iterable[tuple[ImageReference, object]]) -> Iterator[Any]:
        for image, _credentials in images:
            digest = DIGESTS[image.repository.rpartition("/")[2]]
            yield RegistryAnswer(Outcome.FOUND, "found", digest)

    with _directory() as patch:
        Path(".gitlab-ci.yml").write_text(found[shown - 1].text)
        patch.setattr(RegistryClient, "ask_all", answers)
        return _printed("pin", "--check", ".gitlab-ci.yml")


def online() -> str:
    """`runner-doctor online` of a runner that never contacted GitLab."""
    outputs = {"build": {"id": 1, "tags": ["docker"], "scope": "group 42", "host": "ci-build-0a1b2c3"}}
    server = create_server(create_application(TOKEN), 0)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    url = f"http://127.0.0.1:{server.port}/api/v4"
    try:
        with _directory() as patch:
            patch.setenv("GITLAB_BASE_URL", f"{url}/")
            patch.setenv("GITLAB_TOKEN", TOKEN)
            patch.setattr("sys.stdin", StringIO(json.dumps(outputs)))
            body = {"runner_type": "group_type", "group_id": 42}
            httpx.post(f"{url}/user/runners", json=body, headers={"Private-Token": TOKEN}).raise_for_status()
            return _printed("online")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def leftovers() -> str:
    """`runner-doctor leftovers` of a stack whose state lacks a role."""
    with AwsServer() as server, _directory() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-west-1",
        }.items():
            patch.setenv(name, value)
        boto3.client("iam").create_role(
            RoleName="ci-build-0a1b2c3",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}),
            Tags=[{"Key": STACK_TAG, "Value": "gitlab-runner/prod"}],
        )
        Path("Pulumi.yaml").write_text("name: gitlab-runner\n")
        Path("state.json").write_text('{"version": 3, "deployment": {"resources": []}}')
        return _printed("leftovers", "--stack", "prod", "--state", "state.json", "--only", "aws")


def review(declared: Any) -> str:
    """The note of `runner-review` above the picture: a runner becomes privileged, another is removed.

    Args:
        declared: a declaration with the runner `build`.
    """
    build = declared["runners"]["build"]
    before = {**declared, "runners": {"build": build, "release": {**build, "tags": ["release"]}}}
    after = deepcopy(declared)
    after["runners"]["build"]["config"] = {"docker": {"privileged": True}}
    written = note(preview_of(state_of(before), after), "prod")
    return written.partition("\n```mermaid")[0]


COMMANDS: dict[str, Callable[[], str]] = {
    "runner-doctor pin --check .gitlab-ci.yml": pin_check,
    "pulumi stack output runners --json | runner-doctor online": online,
    "runner-doctor leftovers --stack prod": leftovers,
}


@contextmanager
def _directory() -> Iterator[pytest.MonkeyPatch]:
    """An empty directory and a user's environment, for the duration of the block."""
    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        for name, value in {"COLUMNS": COLUMNS, "NO_COLOR": "1", "HOME": directory}.items():
            patch.setenv(name, value)
        patch.setenv("DOCKER_CONFIG", directory)
        patch.delenv("DOCKER_AUTH_CONFIG", raising=False)
        yield patch


def _printed(*arguments: str) -> str:
    with redirect_stdout(StringIO()) as printed:
        assert command_line.main(arguments) == 1
    return printed.getvalue()
