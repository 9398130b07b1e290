"""The components as a Pulumi package, as stacks in other languages use them."""

import json

import pytest

from sandbox.environment import Sandbox
from sandbox.paths import CHECKOUT

pytestmark = pytest.mark.engine


def test_the_schema_has_every_component_with_its_documentation(sandbox: Sandbox) -> None:
    answer = sandbox.pulumi("package", "get-schema", str(CHECKOUT / "components"), check=True)
    resources = json.loads(answer.stdout)["resources"]
    components = {
        "CiVariables",
        "DockerRunnerHost",
        "EcrRepositories",
        "EcrSettings",
        "HostStore",
        "HostedRunnerAuth",
        "ImageBuild",
        "ImageMirror",
        "JobRole",
        "PipelineRoles",
        "RunnerCache",
        "RunnerFleet",
        "RunnerHost",
        "RunnerImage",
        "RunnerManagerRole",
        "RunnerNetwork",
        "RunnerRegistration",
        "RunnerStack",
    }
    assert {token.rpartition(":")[2] for token in resources} == components
    assert all(resource["isComponent"] and resource["description"] for resource in resources.values())
    undocumented = [
        f"{token}.{name}"
        for token, resource in resources.items()
        for name, described in resource.get("inputProperties", {}).items()
        if not described.get("description")
    ]
    assert undocumented == []
