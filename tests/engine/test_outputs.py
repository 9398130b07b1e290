"""A program whose stack uses its own resources: a group, a VPC, a key, a topic, and every other Output."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.environment import Sandbox
from tests.engine.project import Project

pytestmark = pytest.mark.engine

PROGRAM = Path(__file__).parent / "programs" / "outputs"
PLACEHOLDERS = ("<value of", "not resolved", "known-later", "known later", "not-made-yet", "Calling __str__")
"""The placeholders of the library and of Pulumi for a value that is not known yet."""


@pytest.fixture(scope="module")
def project(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The program, deployed in one update; destroyed at the end, with nothing left."""
    project = Project(
        tmp_path_factory.mktemp("outputs") / "it", sandbox, PROGRAM, PROGRAM / "Pulumi.dev.yaml", stack="dev"
    )
    before = project.snapshot()
    project.pulumi("preview")
    project.up()
    yield project
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert project.snapshot() == before


def resources(project: Project) -> list[dict[str, Any]]:
    state = json.loads(project.pulumi("stack", "export").stdout)
    found: list[dict[str, Any]] = state["deployment"]["resources"]
    return found


def test_no_placeholder_reaches_a_provider(project: Project) -> None:
    found = [
        (each["urn"], placeholder)
        for each in resources(project)
        for placeholder in PLACEHOLDERS
        if placeholder in json.dumps(each.get("inputs", {}))
    ]
    assert found == []


def test_the_values_are_those_of_the_program(project: Project) -> None:
    by_name = {
        (each["type"].rpartition(":")[2], each["urn"].rpartition("::")[2]): each
        for each in resources(project)
    }
    runner = by_name["UserRunner", "shop-build"]["inputs"]
    assert runner["groupId"] == int(by_name["Group", "platform"]["id"])
    assert runner["tagLists"] == ["docker"]
    assert runner["description"] == "Builds"
    assert by_name["UserRunner", "shop-release"]["inputs"]["tagLists"] == ["release", "deploy"]
    assert by_name["SecurityGroup", "shop-build"]["inputs"]["vpcId"] == by_name["Vpc", "ci"]["id"]
    files = json.loads(by_name["BucketObjectv2", "shop-build-files"]["inputs"]["content"])
    config = files["etc/gitlab-runner/config.toml"]["content"]
    assert 'url = "https://gitlab.example.com"' in config
    assert 'alias = "cache"' in config
    assert "registry.example.com:5000" in files["etc/gitlab-runner/registries"]["content"]
    assert {"key": "team", "value": "platform", "propagateAtLaunch": True} in [
        {name: tag[name] for name in ("key", "value", "propagateAtLaunch")}
        for tag in by_name["Group", "shop-build"]["inputs"]["tags"]
    ]


def test_a_second_update_changes_nothing(project: Project) -> None:
    assert project.up("--refresh", "--expect-no-changes") == set()
