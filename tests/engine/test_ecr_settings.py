"""The settings of a registry: made as declared in their region, steady, and gone again."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.project import Project

pytestmark = pytest.mark.engine

KEY = "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
OTHER = "210987654321"
SETTINGS: dict[str, Any] = {
    "eu-west-1": {
        "replicate_to": [
            {"region": "us-east-1", "prefixes": ["ci/", "team/"]},
            {"region": "eu-west-1", "account": OTHER},
        ],
        "scanning": {"enhanced": True, "continuous": ["team/*"]},
    },
    "us-east-1": {
        "replicate_from": [{"account": OTHER, "prefixes": ["team/"]}],
        "creation_templates": {
            "ci": {"keep": [{"tags": ["mr-*"], "days": 14}], "allow_pull": [OTHER]},
            "ROOT": {"kms_key": KEY, "mutable_tags": ["latest"], "tags": {"team": "ci"}},
        },
    },
}


@pytest.fixture(scope="module")
def up(project: Project) -> Iterator[Project]:
    """The stack with these settings; in the end, without them."""
    with project.declaring("ecr_settings", SETTINGS):
        project.up()
        yield project
    project.up()
    assert project.aws("ecr").describe_registry()["replicationConfiguration"]["rules"] == []
    east = project.aws("ecr", "us-east-1")
    assert east.describe_repository_creation_templates()["repositoryCreationTemplates"] == []


def test_images_are_copied_where_it_is_declared(up: Project) -> None:
    rules = up.aws("ecr").describe_registry()["replicationConfiguration"]["rules"]
    destinations = [[(each["region"], each["registryId"]) for each in rule["destinations"]] for rule in rules]
    assert destinations == [[("us-east-1", "123456789012")], [("eu-west-1", OTHER)]]


def test_images_are_scanned_as_it_is_declared(up: Project) -> None:
    scanning = up.aws("ecr").get_registry_scanning_configuration()["scanningConfiguration"]
    assert scanning["scanType"] == "ENHANCED"
    filters = {
        rule["scanFrequency"]: [each["filter"] for each in rule["repositoryFilters"]]
        for rule in scanning["rules"]
    }
    assert filters == {"SCAN_ON_PUSH": ["*"], "CONTINUOUS_SCAN": ["team/*"]}


def test_ecr_creates_repositories_as_it_is_declared(up: Project) -> None:
    found = up.aws("ecr", "us-east-1").describe_repository_creation_templates()
    templates = {each["prefix"]: each for each in found["repositoryCreationTemplates"]}
    assert templates.keys() == {"ci", "ROOT"}
    assert templates["ci"]["imageTagMutability"] == "MUTABLE"
    assert "mr-*" in templates["ci"]["lifecyclePolicy"]
    assert OTHER in templates["ci"]["repositoryPolicy"]
    assert templates["ROOT"]["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert templates["ROOT"]["encryptionConfiguration"]["kmsKey"] == KEY
    assert templates["ROOT"]["resourceTags"] == [{"Key": "team", "Value": "ci"}]
    assert ":role/ci-us-east-1-creation-templates-" in templates["ROOT"]["customRoleArn"]


def test_another_account_may_copy_to_here(up: Project) -> None:
    policy = up.aws("ecr", "us-east-1").get_registry_policy()["policyText"]
    assert "arn:aws:ecr:us-east-1:123456789012:repository/team/*" in policy


def test_they_stay_as_they_are(up: Project) -> None:
    assert up.changes() == set()
    assert up.refresh() == set()
