"""ECR's components: every setting reaches AWS, and what is adopted or not declared stays unchanged."""

import json
from typing import Any

import pulumi
import pytest
from pulumi_gitlab_runner import EcrRepositories, EcrSettings, RunnerStack

from tests.components.recording import ACCOUNT, Recording, Registered, run

KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"
OTHER = "210987654321"
TOKEN = "canary-of-the-token"


def repositories(declared: dict[str, Any], **others: Any) -> Recording:
    """Record `EcrRepositories`, and check that all resources are children of the component."""
    args: Any = {"repositories": declared, **others}
    recording, _ = run(lambda: EcrRepositories("images", args).urls)
    parents = {each.parent for each in recording.all_registered if each.type.startswith("aws:")}
    assert parents == {"gitlab-runner:index:EcrRepositories::images"}
    return recording


def settings(declared: dict[str, Any]) -> Recording:
    args: Any = declared

    def program() -> None:
        EcrSettings("ecr", args)

    return run(program)[0]


def resources(recording: Recording, kind: str) -> list[Registered]:
    """The registered resources of a type, given by its last part."""
    return [each for (found, _), each in recording.registered.items() if found.endswith(f":{kind}")]


def test_every_setting_of_a_repository_reaches_ecr() -> None:
    declared = {"mutable_tags": ["latest"], "kms_key": KEY, "keep": [{"tags": ["mr-*"], "days": 14}]}
    recording = repositories({"ci/base": declared})
    (repository,) = resources(recording, "Repository")
    assert repository.inputs["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert repository.inputs["imageTagMutabilityExclusionFilters"] == [
        {"filter": "latest", "filterType": "WILDCARD"}
    ]
    assert repository.inputs["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": KEY}]
    (policy,) = resources(recording, "LifecyclePolicy")
    patterns = [
        rule["selection"].get("tagPatternList") for rule in json.loads(policy.inputs["policy"])["rules"]
    ]
    assert patterns == [None, ["mr-*"], ["*"]]


def test_a_repositorys_key_may_be_an_output() -> None:
    (repository,) = resources(
        repositories({"ci/base": {"kms_key": pulumi.Output.from_input(KEY)}}), "Repository"
    )
    assert repository.inputs["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": KEY}]


def test_policies_are_deleted_with_their_repository() -> None:
    """ECR refuses to delete a repository that contains images: then its policies must still exist."""
    recording = repositories({"ci/base": {}}, allow_pull=[OTHER])
    policies = [*resources(recording, "LifecyclePolicy"), *resources(recording, "RepositoryPolicy")]
    assert len(policies) == 2
    for policy in policies:
        assert policy.request.deletedWith.endswith("aws:ecr/repository:Repository::images/ci/base")


def test_an_adopted_repository_is_imported_unchanged() -> None:
    recording = repositories({"old": {"adopt": True, "keep_images": 3}, "new": {}}, allow_pull=[OTHER])
    imported = {each.name: each.request.importId for each in resources(recording, "Repository")}
    ignored = {each.name: list(each.request.ignoreChanges) for each in resources(recording, "Repository")}
    assert imported == {"images/old": "old", "images/new": ""}
    assert ignored == {"images/old": ["*"], "images/new": []}
    assert [each.name for each in resources(recording, "LifecyclePolicy")] == ["images/new"]
    assert [each.name for each in resources(recording, "RepositoryPolicy")] == ["images/new"]
    (warning,) = recording.warnings
    assert "imported unchanged: old; without 'adopt'" in warning


def test_a_repository_of_another_region_is_imported_from_that_region() -> None:
    (repository,) = resources(repositories({"old": {"adopt": True}}, region="us-east-1"), "Repository")
    assert repository.request.importId == "old@us-east-1"


def test_destinations_of_the_same_repositories_share_a_rule() -> None:
    recording = settings(
        {
            "replicate_to": [
                {"region": "us-east-1", "prefixes": ["team/"]},
                {"region": "eu-west-1", "account": OTHER},
                {"region": "us-west-2", "prefixes": ["team/"]},
            ]
        }
    )
    (replication,) = resources(recording, "ReplicationConfiguration")
    assert replication.inputs["replicationConfiguration"]["rules"] == [
        {
            "destinations": [
                {"region": "us-east-1", "registryId": ACCOUNT},
                {"region": "us-west-2", "registryId": ACCOUNT},
            ],
            "repositoryFilters": [{"filter": "team/", "filterType": "PREFIX_MATCH"}],
        },
        {"destinations": [{"region": "eu-west-1", "registryId": OTHER}]},
    ]


def test_a_registry_allows_accounts_to_replicate_into_its_own_region() -> None:
    recording = settings({"region": "us-east-1", "replicate_from": [{"account": OTHER}]})
    (policy,) = resources(recording, "RegistryPolicy")
    (statement,) = json.loads(policy.inputs["policy"])["Statement"]
    assert statement["Resource"] == [f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/*"]
    assert policy.inputs["region"] == "us-east-1"


def test_scanning_reaches_ecr() -> None:
    recording = settings({"scanning": {"enhanced": True, "continuous": ["team/*"]}})
    (scanning,) = resources(recording, "RegistryScanningConfiguration")
    assert scanning.inputs == {
        "scanType": "ENHANCED",
        "rules": [
            {
                "scanFrequency": "SCAN_ON_PUSH",
                "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}],
            },
            {
                "scanFrequency": "CONTINUOUS_SCAN",
                "repositoryFilters": [{"filter": "team/*", "filterType": "WILDCARD"}],
            },
        ],
    }


def test_a_plain_template_needs_no_role() -> None:
    recording = settings({"creation_templates": {"hub": {}}})
    (template,) = resources(recording, "RepositoryCreationTemplate")
    assert template.inputs["appliedFors"] == ["PULL_THROUGH_CACHE", "REPLICATION"]
    assert template.inputs["imageTagMutability"] == "MUTABLE"
    assert template.inputs["encryptionConfigurations"] == [{"encryptionType": "AES256"}]
    assert len(json.loads(template.inputs["lifecyclePolicy"])["rules"]) == 2
    assert not {"repositoryPolicy", "resourceTags", "customRoleArn"} & template.inputs.keys()
    assert not resources(recording, "Role")


def test_a_template_with_tags_or_a_key_has_a_role_for_its_prefix() -> None:
    recording = settings(
        {
            "creation_templates": {
                "hub": {"kms_key": pulumi.Output.from_input(KEY), "allow_pull": [OTHER]},
                "quay": {"tags": {"team": "ci"}},
                "ROOT": {},
            }
        }
    )
    templates = {
        each.inputs["prefix"]: each.inputs for each in resources(recording, "RepositoryCreationTemplate")
    }
    (role,), (policy,) = resources(recording, "Role"), resources(recording, "RolePolicy")
    arn = f"arn:aws:iam::{ACCOUNT}:role/ecr-creation-templates-0a1b2c3"
    assert {prefix: each.get("customRoleArn") for prefix, each in templates.items()} == {
        "hub": arn,
        "quay": arn,
        "ROOT": None,
    }
    assert json.loads(role.inputs["assumeRolePolicy"])["Statement"][0]["Principal"] == {
        "Service": "ecr.amazonaws.com"
    }
    create, encrypt = json.loads(policy.inputs["policy"])["Statement"]
    assert [arn.rpartition(":")[2] for arn in create["Resource"]] == ["repository/hub/*", "repository/quay/*"]
    assert encrypt["Resource"] == [KEY]
    assert templates["hub"]["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": KEY}]
    assert f"arn:aws:iam::{OTHER}:root" in templates["hub"]["repositoryPolicy"]
    assert templates["quay"]["resourceTags"] == {"team": "ci"}


def test_a_stack_creates_the_settings_of_each_declared_region() -> None:
    def program() -> None:
        RunnerStack("ci", {"ecr_settings": {"us-east-1": {"scanning": {}}, "eu-west-1": {"scanning": {}}}})

    scanning = resources(run(program)[0], "RegistryScanningConfiguration")
    assert {each.name: each.inputs["region"] for each in scanning} == {
        "ci-us-east-1": "us-east-1",
        "ci-eu-west-1": "eu-west-1",
    }


def test_a_stack_does_not_change_undeclared_settings_of_a_registry() -> None:
    def program() -> None:
        RunnerStack("ci", {"registries": {"team": {"ecr": {}, "repositories": {"ci/base": {}}}}})

    kinds = {kind for kind, _ in run(program)[0].registered}
    assert {kind for kind in kinds if kind.startswith("aws:ecr/")} == {
        "aws:ecr/repository:Repository",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    }


def test_declared_credentials_become_the_secret_of_a_cache_rule() -> None:
    credentials = {"username": "me", "access_token": pulumi.Output.secret(TOKEN)}
    stack: Any = {"registries": {"hub": {"pull_through": "docker-hub", "upstream_credentials": credentials}}}

    def program() -> None:
        RunnerStack("ci", stack)

    recording, _ = run(program)
    (secret,), (version,) = resources(recording, "Secret"), resources(recording, "SecretVersion")
    (rule,) = resources(recording, "PullThroughCacheRule")
    # Pulumi derives the name from the resource's name, and ECR may read only secrets with this prefix.
    assert secret.name == "ecr-pullthroughcache/ci-hub"
    assert "name" not in secret.inputs
    # Without a recovery window, the deletion can be repeated; a recovery would restore nothing new.
    assert secret.inputs["recoveryWindowInDays"] == 0
    assert json.loads(version.inputs["secretString"]) == {"username": "me", "accessToken": TOKEN}
    assert version.secrets == {"secretString"}
    assert (
        rule.inputs["credentialArn"] == "arn:of:aws:secretsmanager/secret:Secret:ecr-pullthroughcache/ci-hub"
    )
    # The secret has its value before ECR validates it.
    assert any("secretVersion:SecretVersion" in urn for urn in rule.request.dependencies)
    others = [each.inputs for each in recording.registered.values() if each.type != version.type]
    assert TOKEN not in json.dumps(others)


def test_the_size_of_a_registrys_policy_is_checked() -> None:
    many = [{"account": f"{number:012}", "prefixes": [f"team-{number}/"]} for number in range(60)]

    def program() -> None:
        RunnerStack("ci", {"ecr_settings": {"us-east-1": {"replicate_from": many}}})  # type: ignore[typeddict-item]

    with pytest.raises(pulumi.RunError, match=r"stack\.ecr_settings\.us-east-1\.replicate_from\n"):
        run(program)


def test_the_key_of_a_single_component_is_in_its_region() -> None:
    with pytest.raises(pulumi.RunError, match=r"kms_key\n  found:   a key in eu-west-1"):
        repositories({"ci/base": {"kms_key": KEY}}, region="us-east-1")
