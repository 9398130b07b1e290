"""The schema that editors read beside the stack files."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, ValidationError
from pulumi_gitlab_runner.spec.json_schema import stack_file_schema

STACKS = Path(__file__).parents[2] / "stacks"
WRITTEN = STACKS / "schema.json"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return stack_file_schema()


@pytest.fixture(scope="module")
def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """A validator for the schema, which it checks once."""
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    return Draft202012Validator(schema)


def test_the_schema_beside_the_stacks_is_that_of_the_declaration(schema: dict[str, Any]) -> None:
    """RENEW_SCHEMA=1 renews it."""
    if os.environ.get("RENEW_SCHEMA"):
        WRITTEN.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n")
    assert json.loads(WRITTEN.read_text()) == schema


@pytest.mark.parametrize("path", sorted(STACKS.glob("Pulumi.*.yaml")), ids=lambda path: path.name)
def test_every_stack_file_is_valid_and_names_the_schema(validator: Draft202012Validator, path: Path) -> None:
    validator.validate(yaml.safe_load(path.read_text()))
    assert path.read_text().startswith("# yaml-language-server: $schema=schema.json\n")


@pytest.mark.parametrize(
    "stack",
    [
        {"runers": {}},
        {"runners": {"build": {"group": "forty-two"}}},
        {"registries": {"team": {"credsStore": "ecr-login"}}},
        {"registries": {"legacy": {"static": {"password": {"secret": "x"}}}}},
        {"runners": {"build": {"description": {"secure": "x"}}}},
    ],
)
def test_the_schema_refuses_what_the_declaration_refuses(
    validator: Draft202012Validator, stack: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        validator.validate({"config": {"gitlab-runner:stack": stack}})


@pytest.mark.parametrize(
    "stack",
    [
        {"registries": {"legacy": {"static": {"password": {"secure": "x"}}}}},
        {"hosted_auth": {"hosted": {"gitlab_token": {"value": {"secure": "x"}}}}},
        {"builds": {"base": {"context": ".", "secrets": {"npm": {"secure": "x"}}}}},
        {"runners": {"build": {"group": "42"}}},
        {"hosted_auth": {"hosted": {"projects": [7, "8"]}}},
    ],
)
def test_any_secret_can_be_encrypted_and_any_identifier_be_digits(
    validator: Draft202012Validator, stack: dict[str, Any]
) -> None:
    found = validator.iter_errors({"config": {"gitlab-runner:stack": stack}})
    assert [each.message for each in found if each.validator != "required"] == []


def test_every_key_is_described(schema: dict[str, Any]) -> None:
    undescribed = [
        f"{name}.{key}"
        for name, definition in schema["$defs"].items()
        for key, known in definition.get("properties", {}).items()
        if not known.get("description")
    ]
    assert undescribed == []
