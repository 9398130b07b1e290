"""The package's schema, as stacks in other languages use it, and the file that the plugin returns.

After an intended change, renew the file: RENEW_SCHEMA=1 ./dev test tests/components/test_schema.py
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from pulumi_gitlab_runner.package import SCHEMA
from pulumi_gitlab_runner.package.provider import analyzed_schema


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return dict(analyzed_schema())


def test_the_schema_equals_that_in_the_file(schema: dict[str, Any]) -> None:
    if os.environ.get("RENEW_SCHEMA"):
        SCHEMA.write_text(json.dumps(schema, indent=2, sort_keys=True) + "\n")
    assert schema == json.loads(SCHEMA.read_text()), f"RENEW_SCHEMA=1 renews {SCHEMA.name}"


def test_every_component_is_in_the_schema(schema: dict[str, Any]) -> None:
    assert set(schema["resources"]) == {
        f"gitlab-runner:index:{name}"
        for name in (
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
        )
    }


def _undocumented(schema: dict[str, Any]) -> Iterator[str]:
    for kind in ("resources", "types"):
        for token, definition in schema[kind].items():
            if not definition.get("description"):
                yield token
            for key in ("inputProperties", "properties"):
                for name, described in definition.get(key, {}).items():
                    if not described.get("description"):
                        yield f"{token}.{key}.{name}"


def test_every_part_of_the_schema_has_a_description(schema: dict[str, Any]) -> None:
    assert list(_undocumented(schema)) == []


def test_inherited_fields_keep_their_description(schema: dict[str, Any]) -> None:
    inputs = schema["resources"]["gitlab-runner:index:RunnerRegistration"]["inputProperties"]
    assert inputs["group"]["description"] == "The group ID, as shown on the group's page in GitLab."


def _parts(part: Any) -> Iterator[dict[str, Any]]:
    """Every object of the schema, at any depth."""
    if isinstance(part, dict):
        yield part
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _parts(each)


def test_no_plain_map_is_a_secret(schema: dict[str, Any]) -> None:
    # The generated SDKs would make it one Output, which a plain property refuses; Go's SDK would not compile.
    secrets = [each for each in _parts(schema) if each.get("secret") is True]
    assert any("secret" in each["description"] for each in secrets)
    assert [each for each in secrets if each.get("plain")] == []


def test_descriptions_are_markdown_with_the_names_of_the_schema(schema: dict[str, Any]) -> None:
    texts = [each["description"] for each in _parts(schema) if isinstance(each.get("description"), str)]
    assert [text for text in texts if "\n    " in text] == []
    upstream = schema["types"]["gitlab-runner:index:RegistryDeclaration"]["properties"]["upstreamSecret"]
    assert "`upstreamCredentials`" in upstream["description"]
    assert "`ecr-pullthroughcache/`" in upstream["description"]
    parameter = schema["types"]["gitlab-runner:index:MachineImageArgs"]["properties"]["parameter"]
    assert "`RunnerImage.parameterName`" in parameter["description"]  # an output
