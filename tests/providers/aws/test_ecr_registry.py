"""The settings of a whole ECR registry that are accepted, and those that are refused."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.providers.aws.cases import ROLE, alone, registry_policy, replication, scanning
from tests.providers.aws.conftest import Make
from tests.services.aws.snapshot import snapshot

POLICY = "aws:ecr/registryPolicy:RegistryPolicy"
SCANNING = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration"
REPLICATION = "aws:ecr/replicationConfiguration:ReplicationConfiguration"
RULE = "aws:ecr/pullThroughCacheRule:PullThroughCacheRule"
TEMPLATE = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"
Refusals = Callable[[str, dict[str, Any]], list[Any]]


def test_a_registry_policy_may_not_allow_every_action(make: Make) -> None:
    with pytest.raises(Exception, match="Invalid registry policy provided"):
        make(POLICY, {"region": "sa-east-1", "policy": registry_policy("ecr:BatchGetImage")})


def test_a_frequency_must_match_the_scan_type(make: Make) -> None:
    rules = [scanning("CONTINUOUS_SCAN", "*")]
    with pytest.raises(Exception, match="The scan type BASIC has no frequency CONTINUOUS_SCAN"):
        make(SCANNING, {**alone(), "scanType": "BASIC", "rules": rules})


def test_a_registry_is_not_replicated_to_itself(make: Make) -> None:
    rules = {**replication("ci/", "team/")}
    with pytest.raises(Exception, match="cannot be the same as the source registry"):
        make(REPLICATION, {"region": "eu-west-1", "replicationConfiguration": rules})


def test_a_cache_of_another_accounts_registry_needs_a_role(make: Make) -> None:
    upstream = {
        "ecrRepositoryPrefix": "other",
        "upstreamRegistryUrl": "210987654321.dkr.ecr.eu-west-1.amazonaws.com",
    }
    with pytest.raises(Exception, match="requires a custom role"):
        make(RULE, upstream)
    made = make(RULE, {**upstream, "customRoleArn": ROLE}).outputs
    assert (made["customRoleArn"], made.get("upstreamRepositoryPrefix")) == (ROLE, None)


def test_a_rule_for_an_unknown_upstream_is_refused(make: Make) -> None:
    with pytest.raises(Exception, match=r"UnsupportedUpstreamRegistryException.*registry\.example\.com"):
        make(RULE, {"ecrRepositoryPrefix": "any", "upstreamRegistryUrl": "registry.example.com"})


@pytest.mark.parametrize(
    ("token", "inputs", "path", "message"),
    [
        (TEMPLATE, {"prefix": "a", "appliedFors": ["REPLICATION"]}, "prefix", "at least 2"),
        (TEMPLATE, {"prefix": "ab", "appliedFors": []}, "appliedFors", "at least 1"),
        (
            TEMPLATE,
            {"prefix": "ab", "appliedFors": ["REPLICATION"], "resourceTags": {"a": "1"}},
            "customRoleArn",
            "required beside resourceTags",
        ),
        (
            TEMPLATE,
            {
                "prefix": "ab",
                "appliedFors": ["REPLICATION"],
                "encryptionConfigurations": [{"encryptionType": "KMS"}],
            },
            "customRoleArn",
            "KMS encryption",
        ),
    ],
)
def test_invalid_inputs_are_refused(
    failures: Refusals, token: str, inputs: dict[str, Any], path: str, message: str
) -> None:
    assert message in {failure.path: failure.reason for failure in failures(token, inputs)}[path]


def test_filters_without_a_mutability_that_supports_them_are_refused(make: Make) -> None:
    filters = [{"filter": "latest*", "filterType": "WILDCARD"}]
    inputs = {"prefix": "mutable", "appliedFors": ["CREATE_ON_PUSH"]}
    with pytest.raises(Exception, match="did not take imageTagMutabilityExclusionFilters"):
        make(TEMPLATE, {**inputs, "imageTagMutabilityExclusionFilters": filters})


def test_a_snapshot_shows_the_settings_of_a_registry(make: Make, endpoint: str) -> None:
    place = ("ap-southeast-2",)
    assert "registry" not in snapshot(endpoint, place)
    here = {"region": "ap-southeast-2"}
    made = [
        make(POLICY, {**here, "policy": registry_policy("ecr:ReplicateImage")}),
        make(REPLICATION, {**here, "replicationConfiguration": replication("ci/")}),
        make(SCANNING, {**here, "scanType": "ENHANCED", "rules": []}),
        make(TEMPLATE, {**here, "prefix": "snapshot", "appliedFors": ["REPLICATION"]}),
    ]
    found = snapshot(endpoint, place)
    assert found["registry"] == [f"ap-southeast-2 {name}" for name in ("policy", "replication", "scanning")]
    assert found["repository creation template"] == ["ap-southeast-2 snapshot"]
    for one in made:
        one.delete()
    assert "registry" not in snapshot(endpoint, place)
