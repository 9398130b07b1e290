"""A YAML program with a mistake ends with one message, with the property's path as the program spells it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.environment import Sandbox
from sandbox.paths import CHECKOUT
from tests.engine.languages import require_language

pytestmark = pytest.mark.engine

RUNNER = "gitlab-runner:RunnerRegistration"
STACK = "gitlab-runner:RunnerStack"
SHOP = {"runners": {"shop": {"group": 42, "host": {}}}}


def resource(kind: str, properties: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"type": kind, "properties": properties, **more}


def messages(
    sandbox: Sandbox, directory: Path, resources: dict[str, Any], region: str = "eu-west-1"
) -> tuple[list[str], str]:
    """Each error of a preview without its resource, and the whole output."""
    require_language(sandbox.engine, "yaml")
    program = {
        "name": "mistakes",
        "runtime": "yaml",
        "packages": {"gitlab-runner": str(CHECKOUT / "components")},
        "resources": resources,
    }
    (directory / "Pulumi.yaml").write_text(yaml.safe_dump(program))
    stack = f"stack-{directory.name}"
    (directory / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": {"aws:region": region}}))
    sandbox.pulumi("stack", "init", stack, directory=directory, check=True)
    answer = sandbox.pulumi("preview", "--suppress-progress", directory=directory)
    assert answer.returncode != 0, answer.stdout
    printed = answer.stdout + answer.stderr
    diagnostics = printed.partition("Diagnostics:")[2].partition("\nResources:")[0]
    return re.findall(r"^    error: (.*(?:\n(?!    error:|\n).+)*)", diagnostics, re.MULTILINE), printed


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        pytest.param(
            {"bad": resource(RUNNER, {"group": 42, "maximumTimeout": 60})},
            ["property maximumTimeout", "found 60 seconds; allowed: 600 to 2147483647 seconds"],
            id="a number out of range",
        ),
        pytest.param(
            {"bad": resource(STACK, {"registries": {"legacy": {"host": 5000, "static": {}}}})},
            ["property registries.legacy.host", "allowed: text; put it in quotes"],
            id="a number in the place of text",
        ),
        pytest.param(
            {"bad": resource(STACK, {**SHOP, "gitlabUrl": "gitlab example"})},
            ["property gitlabUrl", "allowed: GitLab's address without /api/v4"],
            id="a broken address",
        ),
        pytest.param(
            {"bad": resource(STACK, {"variables": [{"group": 42, "value": "x"}]})},
            ["property variables[0]", "found no 'key'"],
            id="a required property that is missing",
        ),
        pytest.param(
            {"one": resource(RUNNER, {"group": 42}), "two": resource(RUNNER, {"group": 42}, name="one")},
            ["'one'", "give each its own"],
            id="two equal names",
        ),
    ],
)
def test_a_mistake_is_reported_in_one_message(
    sandbox: Sandbox, tmp_path: Path, resources: dict[str, Any], expected: list[str]
) -> None:
    found, printed = messages(sandbox, tmp_path, resources)
    assert len(found) == 1, printed
    assert [part for part in expected if part not in found[0]] == [], found[0]
    assert "Unexpected <class" not in printed
    assert "Traceback" not in printed
    assert ".py" not in printed


def test_a_region_that_does_not_exist_is_reported_in_one_message(sandbox: Sandbox, tmp_path: Path) -> None:
    found, printed = messages(sandbox, tmp_path, {"bad": resource(STACK, SHOP)}, region="eu-wst-1")
    assert len(found) == 1, printed
    assert "aws:region" in found[0]
    assert "eu-wst-1" in found[0]
    assert "Traceback" not in printed


def test_an_unknown_property_is_found_by_the_language_host(sandbox: Sandbox, tmp_path: Path) -> None:
    # It checks programs against the package's schema.
    resources = {"bad": resource(STACK, {"runners": {"shop": {"group": 42, "host": {"instancetype": "x"}}}})}
    _, printed = messages(sandbox, tmp_path, resources)
    assert "Property instancetype does not exist" in printed
    assert "Existing properties are: instanceType" in printed
