"""Each rule of the policy pack: what it allows, and what it reports.

The inputs are Pulumi's own mappings and sequences, as those of the engine.
"""

import base64
import gzip
import json
from typing import Any

import pulumi
import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError, unknown_checking_proxy

from policy.rules.credentials import (
    NO_CREDS_STORE,
    RUNNER_TOKENS_ENCRYPTED,
    USER_DATA_WITHOUT_TOKEN,
)
from policy.rules.files import CONTAINER
from policy.rules.hosts import (
    DISKS_ENCRYPTED,
    INSTANCE,
    LAUNCH_CONFIGURATION,
    LAUNCH_TEMPLATE,
    METADATA_OUT_OF_REACH,
    SPOT_REQUEST,
    VOLUME,
)
from policy.rules.jobs import NO_ENGINE_SOCKET, NO_PRIVILEGED_RUNNER
from policy.rules.network import GROUP, INGRESS_RULE, NO_OPEN_INGRESS, OLD_RULE
from policy.rules.permissions import (
    LAMBDA_PERMISSION,
    NO_ADMINISTRATOR,
    POLICIES,
    PRINCIPALS_NAMED,
    RESOURCES_NAMED,
    ROLE,
)
from policy.rules.repositories import IMMUTABLE_TAGS, SCAN_ON_PUSH
from policy.rules.rule import Resource, Rule, texts

TOKEN = "glrt-abcdefgh"
OWN_KEY = "arn:aws:kms:eu-west-1:123456789012:key/1e9ef1f0"
CREDS_STORE = json.dumps({"credsStore": "ecr-login"})
OPEN = "which is everyone"
SOCKET = "/var/run/docker.sock:/var/run/docker.sock"
KEY = "aws:kms/key:Key"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
REPOSITORY_POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/gitlab.example.com"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def compressed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode())).decode()


def statement(**changes: Any) -> dict[str, Any]:
    allowed = {"Effect": "Allow", "Action": ["ecr:BatchGetImage"], "Resource": "*"} | changes
    return {"policy": json.dumps({"Version": "2012-10-17", "Statement": [allowed]})}


def resource_policy(principal: Any, condition: Any = None, key: str = "policy") -> dict[str, Any]:
    """The inputs of a resource with a policy that allows a principal."""
    allowed = {"Effect": "Allow", "Principal": principal, "Action": "*", "Resource": "*"}
    return {key: json.dumps({"Statement": allowed | ({"Condition": condition} if condition else {})})}


def trust_policy(principal: Any, condition: Any = None) -> dict[str, Any]:
    return resource_policy(principal, condition, "assumeRolePolicy")


def exclusions(*filters: str) -> dict[str, Any]:
    return {
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [
            {"filter": each, "filterType": "WILDCARD"} for each in filters
        ],
    }


def files(config: str) -> dict[str, Any]:
    return {"content": json.dumps({"etc/gitlab-runner/config.toml": {"content": config}})}


PASS: list[tuple[Rule, str, dict[str, Any]]] = [
    (IMMUTABLE_TAGS, "", {"imageTagMutability": "IMMUTABLE"}),
    (IMMUTABLE_TAGS, "", {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}),
    (IMMUTABLE_TAGS, "", exclusions("latest", "dev-*", "*-snapshot", "*.*")),
    (SCAN_ON_PUSH, "", {"imageScanningConfiguration": {"scanOnPush": True}}),
    (
        METADATA_OUT_OF_REACH,
        "",
        {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1}},
    ),
    (METADATA_OUT_OF_REACH, "", {"metadataOptions": {"httpEndpoint": "disabled"}}),
    (METADATA_OUT_OF_REACH, INSTANCE, {"launchTemplate": {"id": "lt-1"}}),
    (
        METADATA_OUT_OF_REACH,
        INSTANCE,
        {"launchTemplate": {"id": "lt-1"}, "metadataOptions": {"instanceMetadataTags": "enabled"}},
    ),
    (DISKS_ENCRYPTED, LAUNCH_TEMPLATE, {"blockDeviceMappings": [{"ebs": {"encrypted": "true"}}]}),
    (
        DISKS_ENCRYPTED,
        LAUNCH_TEMPLATE,
        {"blockDeviceMappings": [{"virtualName": "ephemeral0"}, {"ebs": {"encrypted": "true"}}]},
    ),
    (
        DISKS_ENCRYPTED,
        INSTANCE,
        {"rootBlockDevice": {"encrypted": True}, "ebsBlockDevices": [{"encrypted": True}]},
    ),
    (DISKS_ENCRYPTED, INSTANCE, {"launchTemplate": {"id": "lt-1"}}),
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
    (RESOURCES_NAMED, "", statement(Resource="arn:aws:ecr:eu-west-1:123456789012:repository/*")),
    (RESOURCES_NAMED, "", statement(Action="sts:GetCallerIdentity")),
    (RESOURCES_NAMED, "", {"policy": "no JSON"}),
    (NO_ADMINISTRATOR, ATTACHMENT, {"policyArn": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"}),
    (NO_ADMINISTRATOR, ATTACHMENT, {"policyArn": "arn:aws:iam::123456789012:policy/AdministratorAccess"}),
    (NO_ADMINISTRATOR, ROLE, {"assumeRolePolicy": "{}"}),
    (PRINCIPALS_NAMED, ROLE, trust_policy({"Service": "ec2.amazonaws.com"})),
    (PRINCIPALS_NAMED, ROLE, trust_policy({"AWS": ["arn:aws:iam::123456789012:root"]})),
    (
        PRINCIPALS_NAMED,
        ROLE,
        trust_policy(
            {"Federated": PROVIDER},
            {"StringLike": {"gitlab.example.com:sub": "project_path:ci/app:ref_type:branch:ref:*"}},
        ),
    ),
    (
        PRINCIPALS_NAMED,
        KEY,
        resource_policy({"AWS": "*"}, {"StringEquals": {"kms:CallerAccount": "123456789012"}}),
    ),
    (
        PRINCIPALS_NAMED,
        REPOSITORY_POLICY,
        resource_policy("*", {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-a1b2/*"]}}),
    ),
    (
        PRINCIPALS_NAMED,
        BUCKET_POLICY,
        {"policy": json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*"}]})},
    ),
    (PRINCIPALS_NAMED, BUCKET_POLICY, {}),
    (PRINCIPALS_NAMED, LAMBDA_PERMISSION, {"principal": "events.amazonaws.com"}),
    (PRINCIPALS_NAMED, LAMBDA_PERMISSION, {"principal": "*", "principalOrgId": "o-a1b2"}),
    (RUNNER_TOKENS_ENCRYPTED, "", {"type": "SecureString", "keyId": OWN_KEY, "value": TOKEN}),
    (RUNNER_TOKENS_ENCRYPTED, "", {"type": "String", "value": "eu-west-1"}),
    (NO_CREDS_STORE, "", {"value": json.dumps({"credHelpers": {"registry.example.com": "runner"}})}),
    (USER_DATA_WITHOUT_TOKEN, "", {"userData": encoded("#cloud-config\nTOKEN_PARAMETER=/ci/token")}),
    (USER_DATA_WITHOUT_TOKEN, "", {}),
    (NO_PRIVILEGED_RUNNER, "", files("[runners.docker]\nprivileged = false\n")),
    (NO_PRIVILEGED_RUNNER, "", files("[runners.docker]\nservices_privileged = true\n")),
    (NO_PRIVILEGED_RUNNER, INSTANCE, {"userData": "gitlab-runner register --docker-privileged=false"}),
    (NO_PRIVILEGED_RUNNER, INSTANCE, {"userData": "gitlab-runner register --docker-privileged false"}),
    (NO_ENGINE_SOCKET, "", files('volumes = ["/cache"]\nhost = "unix:///var/run/docker.sock"\n')),
    (NO_ENGINE_SOCKET, "", files(f'# volumes = ["{SOCKET}"]\n')),
    (NO_ENGINE_SOCKET, INSTANCE, {"tags": {"note": f'volumes = ["{SOCKET}"]'}}),
    (
        NO_ENGINE_SOCKET,
        CONTAINER,
        {"volumes": [{"hostPath": "/var/run/docker.sock"}], "envs": [f'volumes = ["{SOCKET}"]']},
    ),
]

FAIL: list[tuple[Rule, str, dict[str, Any], str]] = [
    (IMMUTABLE_TAGS, "", {}, "MUTABLE"),
    (IMMUTABLE_TAGS, "", {"imageTagMutability": "MUTABLE"}, 'imageTagMutability="IMMUTABLE"'),
    (IMMUTABLE_TAGS, "", {"imageTagMutability": "MUTABLE_WITH_EXCLUSION"}, "MUTABLE_WITH_EXCLUSION"),
    (IMMUTABLE_TAGS, "", exclusions("*"), "exclusion filter * excludes every tag"),
    (IMMUTABLE_TAGS, "", exclusions("latest", "**", "*"), "exclusion filter ** excludes every tag"),
    (SCAN_ON_PUSH, "", {"imageScanningConfiguration": {"scanOnPush": False}}, "not scanned"),
    (SCAN_ON_PUSH, "", {}, "scanOnPush: true"),
    (METADATA_OUT_OF_REACH, "", {"metadataOptions": {"httpPutResponseHopLimit": 1}}, "IMDSv1"),
    (
        METADATA_OUT_OF_REACH,
        "",
        {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 2}},
        "within reach of containers",
    ),
    (METADATA_OUT_OF_REACH, "", {"metadataOptions": {"httpTokens": "required"}}, "within reach"),
    (
        METADATA_OUT_OF_REACH,
        LAUNCH_CONFIGURATION,
        {"metadataOptions": {"httpTokens": "optional", "httpPutResponseHopLimit": 1}},
        "IMDSv1",
    ),
    (
        METADATA_OUT_OF_REACH,
        INSTANCE,
        {"launchTemplate": {"id": "lt-1"}, "metadataOptions": {"httpTokens": "optional"}},
        "IMDSv1",
    ),
    (
        METADATA_OUT_OF_REACH,
        INSTANCE,
        {"launchTemplate": {"id": "lt-1"}, "metadataOptions": {"httpPutResponseHopLimit": 2}},
        "within reach",
    ),
    (DISKS_ENCRYPTED, INSTANCE, {}, "root volume is that of the machine image"),
    (DISKS_ENCRYPTED, SPOT_REQUEST, {"rootBlockDevice": {"volumeSize": 100}}, "root volume is not encrypted"),
    (
        DISKS_ENCRYPTED,
        INSTANCE,
        {
            "rootBlockDevice": {"encrypted": True},
            "ebsBlockDevices": [{"deviceName": "/dev/sdf", "encrypted": False}],
        },
        "/dev/sdf is not encrypted",
    ),
    (
        DISKS_ENCRYPTED,
        LAUNCH_TEMPLATE,
        {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 100}}]},
        "/dev/xvda is not encrypted",
    ),
    (DISKS_ENCRYPTED, LAUNCH_TEMPLATE, {}, "volumes are those of the machine image"),
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
    (
        RESOURCES_NAMED,
        "",
        {"policy": {"Statement": [{"Effect": "Allow", "NotAction": ["iam:*"], "Resource": ["*"]}]}},
        "allows all but some actions on every resource",
    ),
    (
        RESOURCES_NAMED,
        "",
        {"policy": {"Statement": {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::a"}}},
        "allows s3:* on every resource",
    ),
    (RESOURCES_NAMED, "", statement(Resource="arn:aws:ecr:*:*:*"), "on every resource"),
    (RESOURCES_NAMED, "", statement(Resource=["arn:aws:s3:::*"]), "on every resource"),
    (RESOURCES_NAMED, "", statement(Resource="arn:*"), "on every resource"),
    (
        NO_ADMINISTRATOR,
        ATTACHMENT,
        {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
        "AdministratorAccess",
    ),
    (
        NO_ADMINISTRATOR,
        ATTACHMENT,
        {"policyArn": "arn:aws-cn:iam::aws:policy/job-function/PowerUserAccess"},
        "PowerUserAccess",
    ),
    (
        NO_ADMINISTRATOR,
        "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
        {"policyArns": ["arn:aws:iam::aws:policy/IAMFullAccess"]},
        "IAMFullAccess",
    ),
    (
        NO_ADMINISTRATOR,
        ROLE,
        {"managedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
        "AdministratorAccess",
    ),
    (PRINCIPALS_NAMED, ROLE, trust_policy("*"), "number 1 allows everyone"),
    (
        PRINCIPALS_NAMED,
        ROLE,
        trust_policy({"AWS": ["arn:aws:iam::123456789012:root", "*"]}),
        "allows everyone",
    ),
    (
        PRINCIPALS_NAMED,
        KEY,
        {"policy": {"Statement": [{"Effect": "Allow", "NotPrincipal": {"AWS": "123456789012"}}]}},
        "allows everyone",
    ),
    (
        PRINCIPALS_NAMED,
        BUCKET_POLICY,
        resource_policy("*", {"Bool": {"aws:SecureTransport": "true"}}),
        "everyone",
    ),
    (
        PRINCIPALS_NAMED,
        BUCKET_POLICY,
        resource_policy("*", {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2"}}),
        "everyone",
    ),
    (
        PRINCIPALS_NAMED,
        BUCKET_POLICY,
        resource_policy("*", {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2"}}),
        "everyone",
    ),
    (
        PRINCIPALS_NAMED,
        BUCKET_POLICY,
        resource_policy("*", {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
        "everyone",
    ),
    (
        PRINCIPALS_NAMED,
        REPOSITORY_POLICY,
        resource_policy("*", {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ci"}}),
        "everyone",
    ),
    (PRINCIPALS_NAMED, ROLE, trust_policy({"Federated": PROVIDER}), "every job"),
    (
        PRINCIPALS_NAMED,
        ROLE,
        trust_policy({"Federated": PROVIDER}, {"StringEquals": {"gitlab.example.com:aud": "https://a"}}),
        "every job",
    ),
    (
        PRINCIPALS_NAMED,
        ROLE,
        trust_policy({"Federated": PROVIDER}, {"StringLike": {"gitlab.example.com:sub": "project_path:*"}}),
        "every job",
    ),
    (
        PRINCIPALS_NAMED,
        ROLE,
        trust_policy(
            {"Federated": PROVIDER},
            {"StringLike": {"gitlab.example.com:sub": "project_path:*:ref_type:branch:ref:main"}},
        ),
        "every job",
    ),
    (PRINCIPALS_NAMED, LAMBDA_PERMISSION, {"principal": "*"}, "allows everyone to invoke it"),
    (RUNNER_TOKENS_ENCRYPTED, "", {"type": "String", "value": TOKEN}, "in plain text"),
    (RUNNER_TOKENS_ENCRYPTED, "", {"type": "SecureString", "value": TOKEN}, "the AWS managed key"),
    (
        RUNNER_TOKENS_ENCRYPTED,
        "",
        {"type": "SecureString", "keyId": "alias/aws/ssm", "value": TOKEN},
        "customer managed key",
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
    (USER_DATA_WITHOUT_TOKEN, "", {"userData": compressed(f"TOKEN={TOKEN}")}, "SecureString"),
    (
        USER_DATA_WITHOUT_TOKEN,
        "",
        {"userDataBase64": base64.encodebytes(f"{'#' * 60}TOKEN={TOKEN}".encode()).decode()},
        "SecureString",
    ),
    (NO_PRIVILEGED_RUNNER, "", files("[runners.docker]\nprivileged = true\n"), "root on the host"),
    (NO_PRIVILEGED_RUNNER, "", {"content": "  privileged=true\n"}, "root on the host"),
    (NO_PRIVILEGED_RUNNER, "", {"source": pulumi.StringAsset("privileged = true")}, "root on the host"),
    (NO_PRIVILEGED_RUNNER, CONTAINER, {"uploads": [{"content": "privileged = true"}]}, "root on the host"),
    (
        NO_PRIVILEGED_RUNNER,
        LAUNCH_TEMPLATE,
        {"userData": compressed("gitlab-runner register --docker-privileged --non-interactive")},
        "root on the host",
    ),
    (NO_ENGINE_SOCKET, "", files(f'[runners.docker]\nvolumes = ["/cache", "{SOCKET}"]\n'), "every job"),
    (NO_ENGINE_SOCKET, "", {"content": f'  volumes = [\n    "/cache",\n    "{SOCKET}",\n  ]'}, "every job"),
    (NO_ENGINE_SOCKET, "", {"content": 'host_path = "/run/containerd/containerd.sock"'}, "every job"),
    (
        NO_ENGINE_SOCKET,
        INSTANCE,
        {"userDataBase64": compressed(f"gitlab-runner register --docker-volumes {SOCKET}")},
        "every job",
    ),
    (NO_ENGINE_SOCKET, CONTAINER, {"uploads": [{"content": f'volumes = ["{SOCKET}"]'}]}, "every job"),
]


def problems(rule: Rule, kind: str, inputs: dict[str, Any], **given: Any) -> list[str]:
    """The problems that a rule reports, with the inputs as the engine passes them."""
    return list(rule.problems(Resource(kind, unknown_checking_proxy(inputs), rule.configured(given))))


@pytest.mark.parametrize(("rule", "kind", "inputs"), PASS)
def test_a_compliant_resource_is_not_reported(rule: Rule, kind: str, inputs: dict[str, Any]) -> None:
    assert problems(rule, kind, inputs) == []


@pytest.mark.parametrize(("rule", "kind", "inputs", "reported"), FAIL)
def test_a_violation_is_reported_once_with_the_fix(
    rule: Rule, kind: str, inputs: dict[str, Any], reported: str
) -> None:
    (problem,) = problems(rule, kind, inputs)
    assert reported in problem
    assert TOKEN not in problem


@pytest.mark.parametrize("rule", [METADATA_OUT_OF_REACH, DISKS_ENCRYPTED, USER_DATA_WITHOUT_TOKEN])
def test_every_type_that_starts_instances_is_checked(rule: Rule) -> None:
    assert {LAUNCH_TEMPLATE, LAUNCH_CONFIGURATION, INSTANCE, SPOT_REQUEST} <= set(rule.types)


def test_known_values_beside_an_unknown_one_are_checked() -> None:
    inputs = unknown_checking_proxy(
        {"bucket": UNKNOWN_STRING_VALUE, "nested": [UNKNOWN_STRING_VALUE, "known"]}
    )
    found = []
    with pytest.raises(UnknownValueError):
        found.extend(texts(inputs))
    assert problems(NO_PRIVILEGED_RUNNER, "", {"bucket": UNKNOWN_STRING_VALUE, "content": "privileged=true"})


def test_an_unknown_value_postpones_the_check() -> None:
    with pytest.raises(UnknownValueError):
        problems(NO_PRIVILEGED_RUNNER, "", {"content": UNKNOWN_STRING_VALUE})


@pytest.mark.parametrize(("limit", "reported"), [(2, 0), (3, 1)])
def test_the_hop_limit_is_configurable(limit: int, reported: int) -> None:
    inputs = {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": limit}}
    assert len(problems(METADATA_OUT_OF_REACH, INSTANCE, inputs, hopLimit=2)) == reported


@pytest.mark.parametrize(
    ("first", "last", "reported"), [(443, 443, 0), (443, 444, 1), (80, 80, 1), (None, None, 1)]
)
def test_configured_ports_may_be_open_to_everyone(first: int, last: int, reported: int) -> None:
    inputs = {"ingress": [{"cidrBlocks": ["0.0.0.0/0"], "fromPort": first, "toPort": last}]}
    assert len(problems(NO_OPEN_INGRESS, GROUP, inputs, ports=[443])) == reported


def test_configured_actions_are_allowed_on_every_resource() -> None:
    inputs = statement(Action=["ec2:describeInstances"])
    assert problems(RESOURCES_NAMED, POLICIES[0], inputs, actions=["ec2:DescribeInstances"]) == []
    assert problems(RESOURCES_NAMED, POLICIES[0], inputs)


def test_the_refused_managed_policies_are_configurable() -> None:
    inputs = {"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    assert problems(NO_ADMINISTRATOR, ATTACHMENT, inputs, policies=["ReadOnlyAccess"])
    assert problems(NO_ADMINISTRATOR, ATTACHMENT, inputs) == []
