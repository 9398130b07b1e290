"""Each rule of the policy pack: what it lets pass, and what it reports."""

import base64
import gzip
import json
from typing import Any

import pytest

from policy.rules.credentials import (
    NO_CREDS_STORE,
    RUNNER_TOKENS_ENCRYPTED,
    USER_DATA_WITHOUT_TOKEN,
)
from policy.rules.hosts import DISKS_ENCRYPTED, LAUNCH_TEMPLATE, METADATA_OUT_OF_REACH, VOLUME
from policy.rules.jobs import NO_PRIVILEGED_RUNNER
from policy.rules.network import GROUP, INGRESS_RULE, NO_OPEN_INGRESS, OLD_RULE
from policy.rules.permissions import RESOURCES_NAMED, ROLE
from policy.rules.repositories import IMMUTABLE_TAGS, SCAN_ON_PUSH
from policy.rules.rule import Rule

TOKEN = "glrt-abcdefgh"
OWN_KEY = "arn:aws:kms:eu-west-1:123456789012:key/1e9ef1f0"
CREDS_STORE = json.dumps({"credsStore": "ecr-login"})
OPEN = "which is everybody"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode())).decode()


def statement(**changes: Any) -> dict[str, Any]:
    allowed = {"Effect": "Allow", "Action": ["ecr:BatchGetImage"], "Resource": "*"} | changes
    return {"policy": json.dumps({"Version": "2012-10-17", "Statement": [allowed]})}


def files(config: str) -> dict[str, Any]:
    return {"content": json.dumps({"etc/gitlab-runner/config.toml": {"content": config}})}


PASS: list[tuple[Rule, str, dict[str, Any]]] = [
    (IMMUTABLE_TAGS, "", {"imageTagMutability": "IMMUTABLE"}),
    (IMMUTABLE_TAGS, "", {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}),
    (SCAN_ON_PUSH, "", {"imageScanningConfiguration": {"scanOnPush": True}}),
    (
        METADATA_OUT_OF_REACH,
        "",
        {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1}},
    ),
    (METADATA_OUT_OF_REACH, "", {"metadataOptions": {"httpEndpoint": "disabled"}}),
    (DISKS_ENCRYPTED, LAUNCH_TEMPLATE, {"blockDeviceMappings": [{"ebs": {"encrypted": "true"}}]}),
    (DISKS_ENCRYPTED, VOLUME, {"encrypted": True}),
    (NO_OPEN_INGRESS, GROUP, {"egress": [{"cidrBlocks": ["0.0.0.0/0"]}]}),
    (NO_OPEN_INGRESS, GROUP, {"ingress": [{"cidrBlocks": ["10.0.0.0/8"]}]}),
    (NO_OPEN_INGRESS, OLD_RULE, {"type": "egress", "cidrBlocks": ["0.0.0.0/0"]}),
    (NO_OPEN_INGRESS, INGRESS_RULE, {"cidrIpv4": "10.0.0.0/8"}),
    (RESOURCES_NAMED, "", statement(Resource=["arn:aws:ecr:eu-west-1:123456789012:repository/ci"])),
    (RESOURCES_NAMED, "", statement(Action="ecr:GetAuthorizationToken")),
    (RESOURCES_NAMED, "", statement(Effect="Deny")),
    (RESOURCES_NAMED, "", statement(Condition={"StringEquals": {"aws:ResourceTag/ci": "yes"}})),
    (RESOURCES_NAMED, ROLE, {"assumeRolePolicy": "{}"}),
    (RUNNER_TOKENS_ENCRYPTED, "", {"type": "SecureString", "keyId": OWN_KEY, "value": TOKEN}),
    (RUNNER_TOKENS_ENCRYPTED, "", {"type": "String", "value": "eu-west-1"}),
    (NO_CREDS_STORE, "", {"value": json.dumps({"credHelpers": {"registry.example.com": "runner"}})}),
    (USER_DATA_WITHOUT_TOKEN, "", {"userData": encoded("#cloud-config\nTOKEN_PARAMETER=/ci/token")}),
    (USER_DATA_WITHOUT_TOKEN, "", {}),
    (NO_PRIVILEGED_RUNNER, "", files("[runners.docker]\nprivileged = false\n")),
    (NO_PRIVILEGED_RUNNER, "", files("[runners.docker]\nservices_privileged = true\n")),
]

FAIL: list[tuple[Rule, str, dict[str, Any], str]] = [
    (IMMUTABLE_TAGS, "", {}, "MUTABLE"),
    (IMMUTABLE_TAGS, "", {"imageTagMutability": "MUTABLE"}, 'imageTagMutability="IMMUTABLE"'),
    (SCAN_ON_PUSH, "", {"imageScanningConfiguration": {"scanOnPush": False}}, "not scanned"),
    (SCAN_ON_PUSH, "", {}, "scanOnPush: true"),
    (METADATA_OUT_OF_REACH, "", {"metadataOptions": {"httpPutResponseHopLimit": 1}}, "IMDSv1"),
    (
        METADATA_OUT_OF_REACH,
        "",
        {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 2}},
        "within reach of containers",
    ),
    (
        DISKS_ENCRYPTED,
        LAUNCH_TEMPLATE,
        {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 100}}]},
        "/dev/xvda is not encrypted",
    ),
    (DISKS_ENCRYPTED, LAUNCH_TEMPLATE, {}, "as the machine image has them"),
    (DISKS_ENCRYPTED, VOLUME, {}, "encrypted=true"),
    (NO_OPEN_INGRESS, GROUP, {"ingress": [{"cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"]}]}, OPEN),
    (NO_OPEN_INGRESS, GROUP, {"ingress": [{"ipv6CidrBlocks": ["::/0"]}]}, "::/0"),
    (NO_OPEN_INGRESS, OLD_RULE, {"type": "ingress", "cidrBlocks": ["0.0.0.0/0"]}, OPEN),
    (NO_OPEN_INGRESS, INGRESS_RULE, {"cidrIpv6": "::/0"}, OPEN),
    (RESOURCES_NAMED, "", statement(), "allows ecr:BatchGetImage on every resource"),
    (RESOURCES_NAMED, "", statement(Sid="Pull"), "Its statement Pull allows"),
    (RESOURCES_NAMED, "", statement(Action="*"), "allows * on every resource"),
    (
        RESOURCES_NAMED,
        "",
        statement(Action=["ecr:GetAuthorizationToken", "s3:GetObject"]),
        "allows s3:GetObject on every resource",
    ),
    (RESOURCES_NAMED, ROLE, {"inlinePolicies": [statement()]}, "on every resource"),
    (RUNNER_TOKENS_ENCRYPTED, "", {"type": "String", "value": TOKEN}, "in the clear"),
    (RUNNER_TOKENS_ENCRYPTED, "", {"type": "SecureString", "value": TOKEN}, "AWS's own key"),
    (
        RUNNER_TOKENS_ENCRYPTED,
        "",
        {"type": "SecureString", "keyId": "alias/aws/ssm", "value": TOKEN},
        "customer-managed key",
    ),
    (NO_CREDS_STORE, "", {"value": CREDS_STORE}, "credHelpers"),
    (NO_CREDS_STORE, "", {"contentBase64": encoded(CREDS_STORE)}, "credHelpers"),
    (
        NO_CREDS_STORE,
        "",
        {"uploads": [{"file": "/root/.docker/config.json", "content": CREDS_STORE}]},
        "public",
    ),
    (USER_DATA_WITHOUT_TOKEN, "", {"userData": encoded(f"TOKEN={TOKEN}")}, "SecureString"),
    (USER_DATA_WITHOUT_TOKEN, "", {"userData": f"TOKEN={TOKEN}"}, "SecureString"),
    (USER_DATA_WITHOUT_TOKEN, "", {"userData": packed(f"TOKEN={TOKEN}")}, "SecureString"),
    (NO_PRIVILEGED_RUNNER, "", files("[runners.docker]\nprivileged = true\n"), "root on the host"),
    (NO_PRIVILEGED_RUNNER, "", {"content": "  privileged=true\n"}, "root on the host"),
]


@pytest.mark.parametrize(("rule", "kind", "inputs"), PASS)
def test_what_is_well_is_not_reported(rule: Rule, kind: str, inputs: dict[str, Any]) -> None:
    assert list(rule.problems(kind, inputs)) == []


@pytest.mark.parametrize(("rule", "kind", "inputs", "told"), FAIL)
def test_what_is_wrong_is_reported_once_with_the_fix(
    rule: Rule, kind: str, inputs: dict[str, Any], told: str
) -> None:
    (problem,) = rule.problems(kind, inputs)
    assert told in problem
    assert TOKEN not in problem
