"""`./dev` as a user runs it: up, render, up again after the services have lost their memory, down."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
import yaml

from sandbox import virtual_environment
from sandbox.engine.release import Engine
from sandbox.environment import Sandbox
from sandbox.paths import CHECKOUT, engine_directory
from tests.engine.project import REGION, snapshot
from tests.engine.test_bad_declarations import assert_reported_once

pytestmark = pytest.mark.engine


class Dev:
    """`./dev` of this checkout, with its state in another directory."""

    def __init__(self, directory: Path, engine: Engine) -> None:
        self.sandbox = Sandbox(directory, engine)
        # Its virtual environment is the one that these tests run in.
        (directory / "venv").mkdir(parents=True)
        for entry in Path(sys.prefix).iterdir():
            if entry.name != "complete":
                (directory / "venv" / entry.name).symlink_to(entry)
        (directory / "venv" / "complete").write_text(virtual_environment.fingerprint())

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        own = {name: value for name, value in os.environ.items() if name != "SANDBOX_PYTHON"}
        environment = own | {
            "SANDBOX_DIR": str(self.sandbox.directory),
            "SANDBOX_ENGINE_DIR": str(engine_directory()),
        }
        return subprocess.run(
            [CHECKOUT / "dev", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def succeed(self, *words: str) -> str:
        """Run a command that must succeed; return its output."""
        result = self(*words)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def resource_counts(self) -> dict[str, Any]:
        """The number of resources of each kind, which stays the same when all are created again."""
        found = snapshot(self.sandbox)
        counts: dict[str, Any] = {kind: len(names) for kind, names in found["aws"].items()}
        counts["runners"] = [runner["description"] for runner in found["gitlab"]["runners"].values()]
        return counts | found["gitlab"]["variables"]


@pytest.fixture(scope="module")
def dev(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    dev = Dev(tmp_path_factory.mktemp("dev") / "state", engine)
    try:
        yield dev
    finally:
        dev.sandbox.stop()


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("runner", {}, ["stack.runner", "did you mean 'runners'?"]),
        ("registries", {"legacy": {"host": "registry.example.com"}}, ["stack.registries.legacy"]),
    ],
)
def test_a_bad_declaration_is_reported_once(
    dev: Dev, tmp_path: Path, key: str, value: Any, expected: list[str]
) -> None:
    settings = yaml.safe_load((CHECKOUT / "stacks" / "Pulumi.sandbox.yaml").read_text())
    settings["config"]["gitlab-runner:stack"] = {key: value}
    (tmp_path / "bad.yaml").write_text(yaml.safe_dump(settings))
    if not dev.sandbox.has_stack("sandbox"):
        dev.succeed("pulumi", "sandbox", "stack", "init", "sandbox")
    before = snapshot(dev.sandbox)
    result = dev("pulumi", "sandbox", "up", "--yes", "--config-file", str(tmp_path / "bad.yaml"))
    assert result.returncode != 0
    assert_reported_once(result.stdout + result.stderr, expected)
    assert snapshot(dev.sandbox) == before


def test_up_render_restart_and_down(dev: Dev, tmp_path: Path) -> None:
    """One life cycle: an update takes longest, so one test checks all that needs a deployed stack."""
    dev.sandbox.start()
    before = snapshot(dev.sandbox)

    printed = dev.succeed("up")
    assert "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci/base" in printed
    assert "DOCKER_AUTH_CONFIG" in printed
    made = dev.resource_counts()
    assert made["runners"] == ["build"]

    dev.succeed("render", "sandbox", "build", str(tmp_path / "host"))
    assert_rendered(tmp_path / "host", dev.sandbox)

    found = json.loads(dev.succeed("doctor", "leftovers", "--stack", "sandbox", "--json"))
    assert found["marked"] > 10
    assert found["findings"] == []

    dev.sandbox.stop()
    dev.succeed("up")
    assert dev.resource_counts() == made

    dev.succeed("down")
    assert snapshot(dev.sandbox) == before
    dev.succeed("stop")
    assert not dev.sandbox.runs()


def assert_rendered(directory: Path, sandbox: Sandbox) -> None:
    """Assert that the tree has the token and the ID of the registered runner."""
    manifest = json.loads((directory / "manifest.json").read_text())
    assert manifest["etc/gitlab-runner/config.toml"]["mode"] == "0600"
    (runner,) = tomllib.loads((directory / "etc/gitlab-runner/config.toml").read_text())["runners"]
    ssm = boto3.client(
        "ssm",
        region_name=REGION,
        endpoint_url=sandbox.services["aws"].url,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
    )
    token = ssm.get_parameter(Name="/gitlab-runner/sandbox/build/tokens/build", WithDecryption=True)
    assert runner["token"] == token["Parameter"]["Value"]
    verified = httpx.post(
        f"{sandbox.services['gitlab'].url}/api/v4/runners/verify", json={"token": runner["token"]}
    )
    assert verified.raise_for_status().json()["id"] == runner["id"]
