"""A renamed stack: an update gives all resources the new name, and keeps runners and variables."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_gitlab_runner.spec.aws_tags import STACK_TAG

from sandbox.environment import GITLAB_TOKEN, Sandbox
from tests.engine.project import REGION, Project

pytestmark = pytest.mark.engine

DECLARATION: dict[str, Any] = {
    "registries": {
        "team": {"ecr": {}, "repositories": {"renamed/base": {}}},
        "legacy": {"host": "renamed.example", "static": {"username": "me", "password": "pass-word-1"}},
    },
    "runners": {
        "burst": {
            "group": 42,
            "registries": ["team", "legacy"],
            "fleet": {"instance_types": ["c7i.large"], "max_instances": 2},
        },
    },
    "variables": [{"project": 8, "key": "RENAMED", "value": "kept"}],
    "hosted_auth": {
        "ecr": {"registries": ["team"], "projects": [8], "gitlab_token": {"value": GITLAB_TOKEN}},
    },
    "machine_images": {"docker": {}},
}


def test_a_renamed_stack_keeps_its_runner_and_variables(sandbox: Sandbox, tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(
        yaml.safe_dump({"config": {"aws:region": REGION, "gitlab-runner:stack": DECLARATION}})
    )
    project = Project(tmp_path / "it", sandbox, settings=settings, stack="before")
    project.up()
    runner = project.outputs()["runners"]["burst"]["id"]
    try:
        project.pulumi("stack", "rename", "after")
        project.up()
        assert project.changes() == set()
        assert project.outputs()["runners"]["burst"]["id"] == runner
        assert _described(project) == {
            "DOCKER_AUTH_CONFIG": "Kept fresh by gitlab-runner/after/hosted-auth/ecr",
            "RENAMED": "Managed by Pulumi: gitlab-runner/after",
        }
        assert _parameters(project, "before") == []
        assert _parameters(project, "after") == [
            "/gitlab-runner/after/burst/registries/legacy",
            "/gitlab-runner/after/burst/tokens/burst",
            "/gitlab-runner/after/hosted-auth/ecr/tokens/gitlab",
            "/imagebuilder/gitlab-runner/after/docker",
        ]
        assert _marked(project, "before") <= {"instance", "volume"}  # of a host, until it is replaced
    finally:
        project.pulumi("destroy", "--yes", "--skip-preview")
    assert _described(project) == {}


def _described(project: Project) -> dict[str, str]:
    """The descriptions of the project's variables, by their keys."""
    return {each["key"]: each["description"] for each in project.gitlab("GET", "projects/8/variables")}


def _marked(project: Project, stack: str) -> set[str]:
    """The kinds of the resources with the mark of a stack, as in their ARNs."""
    marked = {"Key": STACK_TAG, "Values": [f"gitlab-runner/{stack}"]}
    found = project.aws("resourcegroupstaggingapi").get_resources(TagFilters=[marked])
    return {
        each["ResourceARN"].split(":", 5)[5].partition("/")[0] for each in found["ResourceTagMappingList"]
    }


def _parameters(project: Project, stack: str) -> list[str]:
    """The names of the parameters of a stack."""
    listed = project.aws("ssm").get_paginator("describe_parameters").paginate()
    names = [each["Name"] for page in listed for each in page["Parameters"]]
    return sorted(each for each in names if f"/gitlab-runner/{stack}/" in each)
