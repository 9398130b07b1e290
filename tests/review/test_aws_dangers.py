"""The dangers of AWS resources that protect less, and of connections that are allowed."""

from typing import Any

import pytest
from pulumi_gitlab_runner.review.dangers import DangerKind

from tests.review.phrases import dangers_of
from tests.review.previews import ROLE_POLICY, UNKNOWN, allow, policy, step

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
REPOSITORY = "aws:ecr/repository:Repository"
CLOSED = dict.fromkeys(
    ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
)
REPLICATION = "aws:ecr/replicationConfiguration:ReplicationConfiguration"
IMDS = {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1}
GUARDED = {"imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": True}}
DISK = {"deviceName": "/dev/xvda", "ebs": {"encrypted": "true"}}


def replication(*accounts: str) -> dict[str, Any]:
    destinations = [{"region": "eu-west-2", "registryId": account} for account in accounts]
    return {"replicationConfiguration": {"rules": [{"destinations": destinations}]}}


@pytest.mark.parametrize(
    ("resource_type", "before", "after", "message"),
    [
        *(
            (BLOCK, CLOSED, CLOSED | {each: False}, f"its bucket can be made public without {each}")
            for each in CLOSED
        ),
        (
            TEMPLATE,
            {"metadataOptions": IMDS},
            {"metadataOptions": {**IMDS, "httpTokens": "optional"}},
            "its instances accept IMDSv1: SSRF attacks can read the credentials of their role",
        ),
        (
            TEMPLATE,
            {"metadataOptions": IMDS},
            {"metadataOptions": {**IMDS, "httpPutResponseHopLimit": 2}},
            "jobs can read the instance metadata and the role credentials in it: the hop limit is 2",
        ),
        (
            TEMPLATE,
            {"blockDeviceMappings": [DISK]},
            {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 8}}]},
            "a volume is not encrypted: /dev/xvda",
        ),
        (
            TEMPLATE,
            {},
            {"networkInterfaces": [{"associatePublicIpAddress": "true"}]},
            "its instances have public IP addresses",
        ),
        (
            REPOSITORY,
            GUARDED,
            {**GUARDED, "imageTagMutability": "MUTABLE"},
            "its tags can be moved to other images",
        ),
        (
            REPOSITORY,
            GUARDED,
            {**GUARDED, "imageTagMutabilityExclusionFilters": [{"filter": "latest"}]},
            "some of its tags can be moved to other images: latest",
        ),
        (REPOSITORY, GUARDED, {**GUARDED, "forceDelete": True}, "it can be deleted while it contains images"),
        (
            REPOSITORY,
            GUARDED,
            {**GUARDED, "imageScanningConfiguration": None},
            "its images are not scanned on push",
        ),
        ("aws:kms/key:Key", {"enableKeyRotation": True}, {}, "its automatic rotation is disabled"),
        (
            "aws:kms/key:Key",
            {"enableKeyRotation": True},
            {"enableKeyRotation": True, "isEnabled": False},
            "it is disabled: data encrypted with it cannot be decrypted",
        ),
        (
            "aws:ec2/subnet:Subnet",
            {},
            {"mapPublicIpOnLaunch": True},
            "new instances in it receive public IP addresses",
        ),
        (
            REPLICATION,
            replication("111111111111"),
            replication("111111111111", "222222222222"),
            "images are replicated to 222222222222 in eu-west-2",
        ),
    ],
)
def test_weaker_protection_is_a_danger_and_stronger_is_not(
    resource_type: str, before: dict[str, Any], after: dict[str, Any], message: str
) -> None:
    assert dangers_of(
        step("update", resource_type, old={"name": "a", **before}, new={"name": "a", **after})
    ) == [(DangerKind.PROTECTION, message)]
    assert (
        dangers_of(step("update", resource_type, old={"name": "a", **after}, new={"name": "a", **before}))
        == []
    )
    assert (
        dangers_of(step("update", resource_type, old={"name": "a", **after}, new={"name": "b", **after}))
        == []
    )


def test_a_weak_new_resource_is_a_danger() -> None:
    weak = step("create", TEMPLATE, new={"metadataOptions": {**IMDS, "httpTokens": "optional"}})
    assert [kind for kind, _ in dangers_of(weak)] == [DangerKind.PROTECTION]
    assert dangers_of(step("create", TEMPLATE, new={"metadataOptions": IMDS})) == []


def rule(**more: Any) -> dict[str, Any]:
    return {"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, **more}


@pytest.mark.parametrize(
    ("resource_type", "inputs", "message"),
    [
        (INGRESS, rule(cidrIpv4="0.0.0.0/0"), "allows inbound connections from 0.0.0.0/0 on tcp port 22"),
        (
            INGRESS,
            rule(referencedSecurityGroupId="sg-2", toPort=80),
            "allows inbound connections from sg-2 on tcp ports 22 to 80",
        ),
        (
            INGRESS,
            rule(cidrIpv6="::/0", securityGroupId=UNKNOWN),
            "allows inbound connections from ::/0 on tcp port 22",
        ),
        (
            EGRESS,
            {"securityGroupId": "sg-1", "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"},
            "allows outbound connections to 0.0.0.0/0 on all protocols and ports",
        ),
    ],
)
def test_an_opened_security_group_is_a_danger(
    resource_type: str, inputs: dict[str, Any], message: str
) -> None:
    assert dangers_of(step("create", resource_type, new=inputs)) == [(DangerKind.PROTECTION, message)]
    assert dangers_of(
        step("update", resource_type, old={**inputs, "cidrIpv4": "10.0.0.0/8"}, new=inputs)
    ) == [(DangerKind.PROTECTION, message)]
    assert dangers_of(step("update", resource_type, old={**inputs, "description": "x"}, new=inputs)) == []


def test_egress_of_a_new_security_group_is_no_danger() -> None:
    assert dangers_of(step("create", EGRESS, new=rule(cidrIpv4="0.0.0.0/0", securityGroupId=UNKNOWN))) == []


@pytest.mark.parametrize(
    ("resource_type", "key"),
    [
        ("aws:ecr/repositoryPolicy:RepositoryPolicy", "policy"),
        ("aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate", "repositoryPolicy"),
        ("aws:kms/key:Key", "policy"),
        ("aws:s3/bucketPolicy:BucketPolicy", "policy"),
    ],
)
def test_a_widened_resource_policy_is_a_danger(resource_type: str, key: str) -> None:
    before = {key: policy(allow("x:Get", Principal={"AWS": "1"}))["policy"], "enableKeyRotation": True}
    after = {**before, key: policy(allow("x:Get", Principal={"AWS": ["1", "2"]}))["policy"]}
    assert dangers_of(step("update", resource_type, old=before, new=after)) == [
        (DangerKind.PERMISSION, "allows x:Get on * to AWS 2")
    ]
    hidden = {**before, key: UNKNOWN}
    assert [kind for kind, _ in dangers_of(step("update", resource_type, old=before, new=hidden))] == [
        DangerKind.PERMISSION
    ]


def test_a_new_pull_through_cache_is_a_danger() -> None:
    cached = {"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io"}
    kind = "aws:ecr/pullThroughCacheRule:PullThroughCacheRule"
    assert dangers_of(step("create", kind, new=cached)) == [
        (DangerKind.REGISTRY, "ECR imports images from registry-1.docker.io")
    ]
    assert dangers_of(step("update", kind, old=cached, new={**cached, "credentialArn": "arn:x"})) == []


@pytest.mark.parametrize(
    ("resource_type", "loss"),
    [
        (REPOSITORY, "its images are lost"),
        ("aws:kms/key:Key", "data encrypted with it can no longer be decrypted"),
        ("gitlab:index/userRunner:UserRunner", "its token becomes invalid"),
    ],
)
def test_a_loss_is_reported_for_a_deletion_and_for_a_replacement(resource_type: str, loss: str) -> None:
    deletion, replacement = (
        step("delete", resource_type, old={}),
        step("replace", resource_type, old={}, new={}),
    )
    assert dangers_of(deletion) == [(DangerKind.DELETION, f"is deleted; {loss}")]
    assert dangers_of(replacement)[0] == (DangerKind.REPLACEMENT, f"is replaced, and {loss}")


def test_a_deleted_denial_is_reported() -> None:
    denial = policy({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Principal": "*"})
    assert dangers_of(step("delete", ROLE_POLICY, old=denial)) == [
        (DangerKind.DELETION, "is deleted; the actions that it denies are no longer denied")
    ]


SETTINGS = (
    *("securityGroupId", "cidrIpv4", "ipProtocol", "fromPort", "blockPublicAcls", "metadataOptions"),
    *("blockDeviceMappings", "networkInterfaces", "imageTagMutability", "imageScanningConfiguration"),
    *("imageTagMutabilityExclusionFilters", "replicationConfiguration", "upstreamRegistryUrl", "policy"),
)


@pytest.mark.parametrize("value", [UNKNOWN, "[secret]", 7, None, True, [7], [[]], {"rules": 7}, {"ebs": []}])
@pytest.mark.parametrize(
    "resource_type",
    [
        INGRESS,
        EGRESS,
        BLOCK,
        TEMPLATE,
        REPOSITORY,
        "aws:ecr/replicationConfiguration:ReplicationConfiguration",
    ],
)
def test_no_value_breaks_a_review(resource_type: str, value: Any) -> None:
    inputs = dict.fromkeys(SETTINGS, value)
    assert not [
        message
        for _, message in dangers_of(step("update", resource_type, old={}, new=inputs))
        if UNKNOWN in message
    ]
