"""The policy pack as Pulumi runs it: configuration, exemptions, remediation."""

import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_policy import (
    EnforcementLevel,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)
from pulumi_policy.deserialize import deserialize_properties, serialize_properties
from pulumi_policy.policy import PolicyCustomTimeouts
from pulumi_policy.proxy import UNKNOWN_OBJECT_VALUE, UNKNOWN_STRING_VALUE, unknown_checking_proxy

from sandbox.paths import CHECKOUT

PACK = CHECKOUT / "policy"
REPOSITORY = "aws:ecr/repository:Repository"
INSTANCE = "aws:ec2/instance:Instance"
SPOT_REQUEST = "aws:ec2/spotInstanceRequest:SpotInstanceRequest"
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
OUT_OF_REACH = {"httpTokens": "required", "httpPutResponseHopLimit": 1}

Policies = dict[str, ResourceValidationPolicy]


@pytest.fixture(scope="module")
def policies() -> Policies:
    """The policies of the pack, by name."""
    before = list(sys.path)
    sys.path.insert(0, str(PACK))
    try:
        pack = runpy.run_path(str(PACK / "__main__.py"), run_name="pack")
        return {rule.name: pack["policy"](rule) for rule in pack["RULES"]}
    finally:
        sys.path[:] = before
        for name in [each for each in sys.modules if each.partition(".")[0] == "rules"]:
            del sys.modules[name]


def arguments(kind: str, properties: Any, config: dict[str, Any] | None = None) -> ResourceValidationArgs:
    """The arguments that Pulumi passes to a policy."""
    options = PolicyResourceOptions(False, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])
    urn = f"urn:pulumi:prod::ci::{kind}::team-base"
    return ResourceValidationArgs(kind, properties, urn, "team-base", options, None, config)


def reported(policy: ResourceValidationPolicy, kind: str, inputs: Any, **config: Any) -> list[str]:
    found: list[str] = []
    policy.validate(
        arguments(kind, unknown_checking_proxy(inputs), config),
        lambda message, urn=None: found.append(message),
    )
    return found


def remediated(policy: ResourceValidationPolicy, kind: str, inputs: Any, **config: Any) -> Any:
    """The inputs that the engine gets back; None when they do not change."""
    properties = unknown_checking_proxy(deserialize_properties(inputs, True))
    changed: Any = policy.remediate(arguments(kind, properties, config))
    return serialize_properties(changed) if changed else None


def test_every_rule_has_its_settings_with_a_description_and_a_default(policies: Policies) -> None:
    assert len(policies) == 13
    for policy in policies.values():
        assert policy.config_schema is not None
        assert "exempt" in policy.config_schema.properties
        for schema in policy.config_schema.properties.values():
            assert {"type", "default", "description"} <= set(schema)


def test_the_type_and_default_of_each_setting(policies: Policies) -> None:
    texts = {"type": "array", "items": {"type": "string"}}
    administrators = [
        "AdministratorAccess",
        "AdministratorAccess-Amplify",
        "IAMFullAccess",
        "PowerUserAccess",
    ]
    own = {
        ("ec2-metadata-out-of-reach", "hopLimit"): {
            "type": "integer",
            "minimum": 1,
            "maximum": 64,
            "default": 1,
        },
        ("no-open-ingress", "ports"): {"type": "array", "items": {"type": "integer"}, "default": []},
        ("iam-resources-named", "actions"): texts | {"default": []},
        ("iam-no-administrator", "policies"): texts | {"default": administrators},
    }
    settings: dict[tuple[str, str], Any] = {}
    for name, policy in policies.items():
        assert policy.config_schema is not None
        for setting, schema in policy.config_schema.properties.items():
            settings[name, setting] = {key: schema[key] for key in schema if key != "description"}
    assert settings == {(name, "exempt"): texts | {"default": []} for name in policies} | own


def test_which_rules_only_warn(policies: Policies) -> None:
    advisory = {
        name for name, each in policies.items() if each.enforcement_level is EnforcementLevel.ADVISORY
    }
    assert advisory == {"no-privileged-runner"}
    assert {each.enforcement_level for name, each in policies.items() if name not in advisory} == {
        EnforcementLevel.MANDATORY
    }


@pytest.mark.parametrize(
    ("exempt", "count"),
    [
        ([], 1),
        (["team-base"], 0),
        (["other", "team-*"], 0),
        (["team"], 1),
        (["*::aws:ecr/repository:Repository::team-*"], 0),
        (["urn:pulumi:dev::*"], 1),
    ],
)
def test_resources_are_exempt_by_name_or_urn(policies: Policies, exempt: list[str], count: int) -> None:
    policy = policies["ecr-immutable-tags"]
    assert len(reported(policy, REPOSITORY, {}, exempt=exempt)) == count
    assert (remediated(policy, REPOSITORY, {}, exempt=exempt) is None) == (count == 0)


def test_a_rule_checks_only_its_own_types(policies: Policies) -> None:
    assert reported(policies["ecr-immutable-tags"], "aws:s3/bucket:Bucket", {}) == []
    assert remediated(policies["ecr-immutable-tags"], "aws:s3/bucket:Bucket", {"bucket": "a"}) is None


def test_a_rule_uses_its_configuration(policies: Policies) -> None:
    inputs = {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 2}}
    assert len(reported(policies["ec2-metadata-out-of-reach"], INSTANCE, inputs)) == 1
    assert reported(policies["ec2-metadata-out-of-reach"], INSTANCE, inputs, hopLimit=2) == []


REMEDIATED = [
    ("ecr-immutable-tags", REPOSITORY, {"name": "a"}, {"name": "a", "imageTagMutability": "IMMUTABLE"}),
    (
        "ecr-immutable-tags",
        REPOSITORY,
        {"imageTagMutability": "MUTABLE"},
        {"imageTagMutability": "IMMUTABLE"},
    ),
    (
        "ecr-scan-on-push",
        REPOSITORY,
        {"name": "a"},
        {"name": "a", "imageScanningConfiguration": {"scanOnPush": True}},
    ),
    (
        "ecr-scan-on-push",
        REPOSITORY,
        {"imageScanningConfiguration": {"scanOnPush": False}},
        {"imageScanningConfiguration": {"scanOnPush": True}},
    ),
    ("ec2-metadata-out-of-reach", INSTANCE, {"ami": "a"}, {"ami": "a", "metadataOptions": OUT_OF_REACH}),
    (
        "ec2-metadata-out-of-reach",
        LAUNCH_TEMPLATE,
        {"metadataOptions": {"httpTokens": "required", "instanceMetadataTags": "enabled"}},
        {"metadataOptions": OUT_OF_REACH | {"instanceMetadataTags": "enabled"}},
    ),
    (
        "ec2-metadata-out-of-reach",
        INSTANCE,
        {"metadataOptions": {"httpTokens": "optional", "httpPutResponseHopLimit": 2}},
        {"metadataOptions": OUT_OF_REACH},
    ),
    (
        "ebs-encrypted",
        LAUNCH_TEMPLATE,
        {
            "blockDeviceMappings": [
                {"deviceName": "a", "ebs": {"volumeSize": 9}},
                {"virtualName": "ephemeral0"},
            ]
        },
        {
            "blockDeviceMappings": [
                {"deviceName": "a", "ebs": {"volumeSize": 9, "encrypted": "true"}},
                {"virtualName": "ephemeral0"},
            ]
        },
    ),
]
UNCHANGED = [
    ("ecr-immutable-tags", REPOSITORY, {"imageTagMutability": "IMMUTABLE"}),
    ("ecr-immutable-tags", REPOSITORY, {"imageTagMutability": "MUTABLE_WITH_EXCLUSION"}),
    ("ecr-immutable-tags", REPOSITORY, {"imageTagMutability": UNKNOWN_STRING_VALUE}),
    ("ecr-scan-on-push", REPOSITORY, {"imageScanningConfiguration": {"scanOnPush": True}}),
    ("ecr-scan-on-push", REPOSITORY, {"imageScanningConfiguration": UNKNOWN_OBJECT_VALUE}),
    ("ec2-metadata-out-of-reach", INSTANCE, {"metadataOptions": OUT_OF_REACH}),
    ("ec2-metadata-out-of-reach", INSTANCE, {"metadataOptions": {"httpEndpoint": "disabled"}}),
    ("ec2-metadata-out-of-reach", INSTANCE, {"metadataOptions": UNKNOWN_OBJECT_VALUE}),
    ("ec2-metadata-out-of-reach", INSTANCE, {"launchTemplate": {"id": "lt-1"}}),
    ("ec2-metadata-out-of-reach", SPOT_REQUEST, {"ami": "a"}),  # it would be replaced
    ("ebs-encrypted", INSTANCE, {"rootBlockDevice": {"volumeSize": 9}}),  # it would be replaced
    ("ebs-encrypted", "aws:ebs/volume:Volume", {"size": 9}),  # it would be replaced
    ("ebs-encrypted", LAUNCH_TEMPLATE, {"blockDeviceMappings": [{"ebs": {"encrypted": "true"}}]}),
    ("ebs-encrypted", LAUNCH_TEMPLATE, {"blockDeviceMappings": UNKNOWN_STRING_VALUE}),
]


@pytest.mark.parametrize(("name", "kind", "inputs", "after"), REMEDIATED)
def test_a_remediated_resource_complies_with_the_rule(
    policies: Policies, name: str, kind: str, inputs: dict[str, Any], after: dict[str, Any]
) -> None:
    changed = remediated(policies[name], kind, inputs)
    assert changed == after
    assert reported(policies[name], kind, changed) == []


@pytest.mark.parametrize(("name", "kind", "inputs"), UNCHANGED)
def test_a_remediation_leaves_compliant_and_replaceable_resources_unchanged(
    policies: Policies, name: str, kind: str, inputs: dict[str, Any]
) -> None:
    assert remediated(policies[name], kind, inputs) is None


def test_a_remediation_keeps_secrets_secret(policies: Policies) -> None:
    inputs = {
        "userData": SECRET | {"value": "text"},
        "metadataOptions": SECRET | {"value": {"httpTokens": "optional"}},
    }
    assert remediated(policies["ec2-metadata-out-of-reach"], LAUNCH_TEMPLATE, inputs) == {
        "userData": SECRET | {"value": "text"},
        "metadataOptions": SECRET | {"value": OUT_OF_REACH},
    }


def test_rules_that_could_lose_data_or_access_have_no_remediation(policies: Policies) -> None:
    assert {name for name, policy in policies.items() if policy.has_remediation()} == {
        "ecr-immutable-tags",
        "ecr-scan-on-push",
        "ec2-metadata-out-of-reach",
        "ebs-encrypted",
    }


def test_the_readme_names_every_rule_and_setting(policies: Policies) -> None:
    readme = (PACK / "README.md").read_text()
    for policy in policies.values():
        assert policy.config_schema is not None
        (row,) = (line for line in readme.splitlines() if line.startswith(f"| `{policy.name}`"))
        for setting in policy.config_schema.properties:
            assert setting == "exempt" or f"`{setting}`" in row
        assert ("in place" in row or "new version" in row) == policy.has_remediation()


def test_the_version_is_in_the_packs_file() -> None:
    assert yaml.safe_load(Path(PACK / "PulumiPolicy.yaml").read_text())["version"] == "0.1.0"
