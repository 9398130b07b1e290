"""One case for each resource type: inputs, an update in place, and a change that needs a new resource."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any
from uuid import uuid4

Inputs = dict[str, Any]
AMAZON_LINUX = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
ROLE = "arn:aws:iam::123456789012:role"
UPSTREAM_SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ecr-pullthroughcache/hub"


def policy(*actions: str, **statement: Any) -> str:
    """A policy document that allows ``actions``."""
    allow = {"Effect": "Allow", "Action": list(actions), **statement}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


def trust(service: str) -> str:
    """A policy document that lets ``service`` assume a role."""
    return policy("sts:AssumeRole", Principal={"Service": service})


def lifecycle(keep: int) -> str:
    """An ECR lifecycle policy that keeps ``keep`` untagged images."""
    selection = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": keep}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})


def replication(*prefixes: str) -> Inputs:
    """A rule for each of ``prefixes`` that copies the repositories below it to another region."""
    there = [{"region": "eu-west-1", "registryId": "123456789012"}]
    filters = [[{"filter": prefix, "filterType": "PREFIX_MATCH"}] for prefix in prefixes]
    return {"rules": [{"destinations": there, "repositoryFilters": one} for one in filters]}


def scanning(frequency: str, *patterns: str) -> Inputs:
    """A rule by which images of the repositories ``patterns`` are scanned."""
    filters = [{"filter": pattern, "filterType": "WILDCARD"} for pattern in patterns]
    return {"scanFrequency": frequency, "repositoryFilters": filters}


def registry_policy(*actions: str) -> str:
    """A registry policy that lets another account do ``actions``."""
    return policy(*actions, Principal={"AWS": "210987654321"}, Resource="*")


def archive(text: str) -> Inputs:
    """An archive of one file, as the engine sends it."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    signature = "4dabf18193072939515e22adb298388d"
    file = {signature: "c44067f5952c0a294b673a41bacd8c17", "hash": digest, "text": text}
    return {signature: "0def7320c3a5731c473e5ecbe6d01bc7", "hash": digest, "assets": {"demo.py": file}}


_REGIONS = cycle(["ap-south-1", "ca-central-1", "eu-central-1", "eu-north-1", "us-east-2", "us-west-2"])


def alone() -> Inputs:
    """The next region, for a resource of which a region has only one."""
    return {"region": next(_REGIONS)}


@dataclass(frozen=True)
class Case:
    """A resource type under test.

    ``base`` creates the first inputs, from the ids of the resources that it needs; ``update`` is a change in
    place, ``replacement`` a change that needs a new resource; ``None`` removes a property. ``lost`` are the
    properties that an import cannot read, ``import_id`` the form of the id that it takes. ``rewritten`` are
    the inputs that the service returns in another form. ``left`` is what remains of a resource that a
    deletion does not remove, ``refuses`` the error of a second deletion.
    """

    token: str
    base: Callable[..., Inputs]
    needs: tuple[str, ...] = ()
    update: Inputs = field(default_factory=dict)
    replacement: Inputs = field(default_factory=dict)
    replaces: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    import_id: str = "{id}"
    rewritten: tuple[str, ...] = ()
    left: Inputs | None = None
    refuses: str | None = None

    def __str__(self) -> str:
        return self.token.rsplit(":", 1)[1]


def changed(inputs: Inputs, change: Inputs) -> Inputs:
    """``inputs`` with ``change``; ``None`` removes a property."""
    return {name: value for name, value in {**inputs, **change}.items() if value is not None}


CASES = [
    Case(
        "aws:ecr/repository:Repository",
        lambda key: {
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": key}],
            "tags": {"a": "1", "b": "2"},
        },
        needs=("key",),
        update={
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{"filter": "latest*", "filterType": "WILDCARD"}],
            "imageScanningConfiguration": {"scanOnPush": False},
            "tags": {"b": "3", "c": "4"},
        },
        replacement={"encryptionConfigurations": [{"encryptionType": "AES256"}]},
        replaces=("encryptionConfigurations[0].encryptionType",),
    ),
    Case(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        lambda repository: {"repository": repository, "policy": lifecycle(3)},
        needs=("repository",),
        replacement={"policy": lifecycle(4)},
        replaces=("policy",),
    ),
    Case(
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        lambda repository: {
            "repository": repository,
            "policy": policy("ecr:BatchGetImage", Principal={"AWS": "210987654321"}),
        },
        needs=("repository",),
        update={
            "policy": policy("ecr:BatchGetImage", "ecr:DescribeImages", Principal={"AWS": "210987654321"})
        },
        replacement={"repository": "other"},
        replaces=("repository",),
    ),
    Case(
        "aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
        lambda: {
            "ecrRepositoryPrefix": f"hub-{uuid4().hex[:7]}",
            "upstreamRegistryUrl": "registry-1.docker.io",
            "credentialArn": f"{UPSTREAM_SECRET}-AbCdEf",
        },
        update={"credentialArn": f"{UPSTREAM_SECRET}-GhIjKl"},
        replacement={"upstreamRegistryUrl": "ghcr.io"},
        replaces=("upstreamRegistryUrl",),
    ),
    Case(
        "aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
        lambda: {
            "ecrRepositoryPrefix": f"shared-{uuid4().hex[:7]}",
            "upstreamRegistryUrl": "210987654321.dkr.ecr.eu-west-1.amazonaws.com",
            "upstreamRepositoryPrefix": "platform",
            "customRoleArn": f"{ROLE}/one",
        },
        update={"customRoleArn": f"{ROLE}/two"},
        replacement={"upstreamRepositoryPrefix": None},
        replaces=("upstreamRepositoryPrefix",),
    ),
    Case(
        "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate",
        lambda key: {
            "prefix": f"hub-{uuid4().hex[:7]}",
            "appliedFors": ["PULL_THROUGH_CACHE", "REPLICATION"],
            "description": "one",
            "customRoleArn": f"{ROLE}/one",
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{"filter": "latest*", "filterType": "WILDCARD"}],
            "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": key}],
            "lifecyclePolicy": lifecycle(3),
            "repositoryPolicy": policy("ecr:BatchGetImage", Principal={"AWS": "210987654321"}),
            "resourceTags": {"a": "1"},
        },
        needs=("key",),
        update={
            "appliedFors": ["PULL_THROUGH_CACHE"],
            "description": None,
            "customRoleArn": None,
            "imageTagMutability": None,
            "imageTagMutabilityExclusionFilters": None,
            "encryptionConfigurations": [{"encryptionType": "AES256"}],
            "lifecyclePolicy": lifecycle(4),
            "repositoryPolicy": None,
            "resourceTags": None,
        },
        replacement={"prefix": "ROOT"},
        replaces=("prefix",),
    ),
    Case(
        "aws:ecr/replicationConfiguration:ReplicationConfiguration",
        lambda: {**alone(), "replicationConfiguration": replication("team/", "ci/")},
        update={"replicationConfiguration": replication("team/")},
        replacement={"region": "eu-west-3"},
        replaces=("region",),
    ),
    Case(
        "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration",
        lambda: {
            **alone(),
            "scanType": "ENHANCED",
            "rules": [scanning("SCAN_ON_PUSH", "*"), scanning("CONTINUOUS_SCAN", "team/*", "ci/*")],
        },
        update={"scanType": "BASIC", "rules": [scanning("SCAN_ON_PUSH", "*")]},
        replacement={"region": "eu-west-3"},
        replaces=("region",),
        left={"scanType": "BASIC"},
    ),
    Case(
        "aws:ecr/registryPolicy:RegistryPolicy",
        lambda: {**alone(), "policy": registry_policy("ecr:ReplicateImage")},
        update={"policy": registry_policy("ecr:CreateRepository", "ecr:BatchImportUpstreamImage")},
        replacement={"region": "eu-west-3"},
        replaces=("region",),
    ),
    Case(
        "aws:iam/role:Role",
        lambda: {
            "assumeRolePolicy": trust("ec2.amazonaws.com"),
            "description": "one",
            "path": "/runners/",
            "permissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess",
            "tags": {"a": "1"},
        },
        update={
            "assumeRolePolicy": trust("ecs-tasks.amazonaws.com"),
            "description": None,
            "permissionsBoundary": None,
            "tags": {"b": "2"},
        },
        replacement={"path": "/other/"},
        replaces=("path",),
    ),
    Case(
        "aws:iam/rolePolicy:RolePolicy",
        lambda role: {"role": role, "policy": policy("s3:GetObject", Resource="*")},
        needs=("role",),
        update={"policy": policy("s3:PutObject", Resource="*")},
        replacement={"name": "other"},
        replaces=("name",),
    ),
    Case(
        "aws:iam/policy:Policy",
        lambda: {"policy": policy("s3:GetObject", Resource="*"), "description": "one", "tags": {"a": "1"}},
        update={"policy": policy("s3:PutObject", Resource="*"), "tags": {"b": "2"}},
        replacement={"description": "two", "path": "/other/"},
        replaces=("path", "description"),
    ),
    Case(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        lambda role: {"role": role, "policyArn": "arn:aws:iam::aws:policy/PowerUserAccess"},
        needs=("role",),
        replacement={"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
        replaces=("policyArn",),
        import_id="{role}/{policyArn}",
    ),
    Case(
        "aws:iam/instanceProfile:InstanceProfile",
        lambda role: {"role": role, "tags": {"a": "1"}},
        needs=("role",),
        update={"role": None, "tags": {"a": "2"}},
        replacement={"path": "/other/"},
        replaces=("path",),
    ),
    Case(
        "aws:kms/key:Key",
        lambda: {"description": "one", "enableKeyRotation": True, "deletionWindowInDays": 7},
        update={
            "description": "two",
            "enableKeyRotation": False,
            "policy": policy("kms:*", Principal={"AWS": "123456789012"}, Resource="*"),
            "tags": {"a": "1"},
        },
        replacement={"region": "eu-west-3"},
        replaces=("region",),
        lost=("deletionWindowInDays",),
    ),
    Case(
        "aws:kms/alias:Alias",
        lambda key: {"targetKeyId": key},
        needs=("key",),
        replacement={"name": "alias/other"},
        replaces=("name",),
        rewritten=("targetKeyId",),
    ),
    Case(
        "aws:ssm/parameter:Parameter",
        lambda key: {
            "type": "SecureString",
            "value": "one",
            "keyId": key,
            "description": "d",
            "tags": {"a": "1"},
        },
        needs=("key",),
        update={
            "value": "two",
            "description": None,
            "tags": None,
        },
        replacement={"dataType": "aws:ec2:image"},
        replaces=("dataType",),
    ),
    Case(
        "aws:s3/bucket:Bucket",
        lambda: {"tags": {"a": "1"}},
        update={"tags": {"b": "2"}, "forceDestroy": True},
        replacement={"bucket": "quite-another"},
        replaces=("bucket",),
    ),
    Case(
        "aws:s3/bucketVersioning:BucketVersioning",
        lambda bucket: {"bucket": bucket, "versioningConfiguration": {"status": "Enabled"}},
        needs=("bucket",),
        update={"versioningConfiguration": {"status": "Suspended"}},
        replacement={"bucket": "quite-another"},
        replaces=("bucket",),
        left={"versioningConfiguration": {"status": "Suspended", "mfaDelete": "Disabled"}},
    ),
    Case(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        lambda bucket: {"bucket": bucket, "blockPublicAcls": True},
        needs=("bucket",),
        update={"blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": True},
        replacement={"bucket": "quite-another"},
        replaces=("bucket",),
    ),
    Case(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        lambda bucket, key: {
            "bucket": bucket,
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key},
                    "bucketKeyEnabled": True,
                }
            ],
        },
        needs=("bucket", "key"),
        update={"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        replacement={"bucket": "quite-another"},
        replaces=("bucket",),
    ),
    Case(
        "aws:s3/bucketPolicy:BucketPolicy",
        lambda bucket: {
            "bucket": bucket,
            "policy": policy("s3:GetObject", Principal="*", Resource=f"arn:aws:s3:::{bucket}/*"),
        },
        needs=("bucket",),
        update={"policy": policy("s3:PutObject", Principal="*", Resource="arn:aws:s3:::b/*")},
        replacement={"bucket": "quite-another"},
        replaces=("bucket",),
    ),
    Case(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        lambda bucket: {
            "bucket": bucket,
            "rules": [
                {
                    "id": "expire",
                    "status": "Enabled",
                    "filter": {"prefix": "cache/"},
                    "expiration": {"days": 7},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
                    "noncurrentVersionExpiration": {"noncurrentDays": 3},
                }
            ],
        },
        needs=("bucket",),
        update={
            "rules": [
                {"id": "all", "status": "Enabled", "filter": {}, "expiration": {"days": 8}},
                {"id": "some", "status": "Disabled", "filter": {"prefix": "x"}, "expiration": {"days": 9}},
            ]
        },
        replacement={"bucket": "quite-another"},
        replaces=("bucket",),
    ),
    Case(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        lambda bucket: {
            "bucket": bucket,
            "content": "one",
            "contentType": "text/plain",
            "metadata": {"a": "1"},
            "tags": {"a": "1 2"},
        },
        needs=("bucket",),
        update={"content": "two", "contentType": "text/html", "metadata": None, "tags": {"b": "3"}},
        replacement={"key": "other"},
        replaces=("key",),
        lost=("content",),
    ),
    Case(
        "aws:ec2/securityGroup:SecurityGroup",
        lambda: {"tags": {"a": "1"}},
        update={
            "egress": [
                {"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]},
                {"protocol": "tcp", "fromPort": 443, "toPort": 443, "ipv6CidrBlocks": ["::/0"], "self": True},
            ],
            "tags": {"a": "2"},
        },
        replacement={"description": "other"},
        replaces=("description",),
    ),
    Case(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        lambda group: {
            "securityGroupId": group,
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": "0.0.0.0/0",
            "description": "one",
        },
        needs=("group",),
        update={"fromPort": 80, "toPort": 80, "description": "two", "tags": {"a": "1"}},
        replacement={"securityGroupId": "sg-0"},
        replaces=("securityGroupId",),
    ),
    Case(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        lambda group: {
            "securityGroupId": group,
            "ipProtocol": "-1",
            "referencedSecurityGroupId": group,
            "description": "from the group",
        },
        needs=("group",),
        update={"description": "all of the group"},
        replacement={"securityGroupId": "sg-0"},
        replaces=("securityGroupId",),
    ),
    Case(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        lambda network: {"vpcId": network["vpc"], "ingress": [], "egress": [], "tags": {"a": "1"}},
        needs=("network",),
        update={
            "ingress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True}],
            "tags": {"a": "2"},
        },
        replacement={"vpcId": "vpc-0"},
        replaces=("vpcId",),
        left={"ingress": []},
    ),
    Case(
        "aws:ec2/flowLog:FlowLog",
        lambda network, log_group: {
            "vpcId": network["vpc"],
            "trafficType": "ALL",
            "logDestination": log_group,
            "iamRoleArn": f"{ROLE}/flow-logs",
            "tags": {"a": "1"},
        },
        needs=("network", "log_group"),
        update={"tags": {"b": "2"}},
        replacement={"trafficType": "REJECT"},
        replaces=("trafficType",),
    ),
    Case(
        "aws:ec2/launchTemplate:LaunchTemplate",
        lambda image, group: {
            "imageId": image,
            "instanceType": "t3.large",
            "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required"},
            "blockDeviceMappings": [
                {
                    "deviceName": "/dev/xvda",
                    "ebs": {"volumeSize": 50, "volumeType": "gp3", "encrypted": "true"},
                }
            ],
            "userData": base64.b64encode(b"#!/bin/sh").decode(),
            "vpcSecurityGroupIds": [group],
            "tagSpecifications": [{"resourceType": "instance", "tags": {"a": "1"}}],
            "tags": {"a": "1"},
        },
        needs=("image", "group"),
        update={
            "instanceType": "t3.small",
            "description": "two",
            "vpcSecurityGroupIds": None,
            "tags": {"a": "2"},
        },
        replacement={"name": "other"},
        replaces=("name",),
    ),
    Case(
        "aws:autoscaling/group:Group",
        lambda template, subnet: {
            "minSize": 1,
            "maxSize": 1,
            "launchTemplate": {"id": template, "version": "1"},
            "vpcZoneIdentifiers": [subnet],
            "instanceMaintenancePolicy": {"minHealthyPercentage": 100, "maxHealthyPercentage": 200},
            "defaultInstanceWarmup": 60,
            "suspendedProcesses": ["AZRebalance"],
            "protectFromScaleIn": True,
            "initialLifecycleHooks": [
                {"name": "boot", "lifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING"}
            ],
            "instanceRefresh": {"strategy": "Rolling"},
            "tags": [{"key": "Name", "value": "one", "propagateAtLaunch": True}],
        },
        needs=("template", "subnet"),
        update={
            "maxSize": 3,
            "desiredCapacity": 2,
            "instanceMaintenancePolicy": None,
            "defaultInstanceWarmup": None,
            "suspendedProcesses": ["AlarmNotification"],
            "protectFromScaleIn": False,
            "instanceRefresh": {"strategy": "Rolling", "triggers": ["tag"]},
            "tags": [{"key": "team", "value": "ci", "propagateAtLaunch": False}],
        },
        replacement={"initialLifecycleHooks": None},
        replaces=("initialLifecycleHooks",),
        lost=("initialLifecycleHooks", "instanceRefresh"),
    ),
    Case(
        "aws:autoscaling/lifecycleHook:LifecycleHook",
        lambda scaled: {
            "autoscalingGroupName": scaled,
            "lifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
            "heartbeatTimeout": 60,
        },
        needs=("scaled",),
        update={"defaultResult": "CONTINUE", "heartbeatTimeout": None},
        replacement={"name": "other"},
        replaces=("name",),
        import_id="{autoscalingGroupName}/{id}",
    ),
    Case(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda key: {"kmsKeyId": key, "retentionInDays": 30, "tags": {"a": "1"}},
        needs=("key",),
        update={"kmsKeyId": None, "retentionInDays": None, "tags": {"b": "2"}},
        replacement={"name": "other"},
        replaces=("name",),
    ),
    Case(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        lambda: {
            "alarmDescription": "one",
            "namespace": "AWS/EC2",
            "metricName": "StatusCheckFailed",
            "dimensions": {"AutoScalingGroupName": "build"},
            "statistic": "Maximum",
            "period": 60,
            "evaluationPeriods": 3,
            "threshold": 0.5,
            "comparisonOperator": "GreaterThanThreshold",
            "treatMissingData": "breaching",
            "alarmActions": ["arn:aws:sns:eu-west-1:123456789012:alarms"],
            "tags": {"a": "1"},
        },
        update={
            "alarmDescription": None,
            "dimensions": None,
            "statistic": "Average",
            "threshold": None,
            "treatMissingData": None,
            "alarmActions": None,
            "okActions": ["arn:aws:sns:eu-west-1:123456789012:alarms"],
            "tags": {"b": "2"},
        },
        replacement={"name": "other"},
        replaces=("name",),
    ),
    Case(
        "aws:sns/topic:Topic",
        lambda: {"tags": {"a": "1"}},
        update={"tags": {"b": "2"}},
        replacement={"name": "other"},
        replaces=("name",),
    ),
    Case(
        "aws:secretsmanager/secret:Secret",
        lambda: {"description": "one", "tags": {"a": "1"}},
        update={"description": None, "tags": {"b": "2"}},
        replacement={"name": "other"},
        replaces=("name",),
        # It exists until the end of its recovery window: internal/service/secretsmanager/secret.go.
        refuses="InvalidRequestException",
    ),
    Case(
        "aws:secretsmanager/secretVersion:SecretVersion",
        lambda secret: {"secretId": secret, "secretString": "one"},
        needs=("secret",),
        replacement={"secretString": "two"},
        replaces=("secretString",),
        left={"secretString": "one"},
    ),
    Case(
        "aws:ec2/vpc:Vpc",
        lambda: {"cidrBlock": "10.1.0.0/16", "tags": {"a": "1"}},
        update={"enableDnsHostnames": True, "enableDnsSupport": False, "tags": {"b": "2"}},
        replacement={"cidrBlock": "10.2.0.0/16"},
        replaces=("cidrBlock",),
    ),
    Case(
        "aws:ec2/subnet:Subnet",
        lambda vpc: {"vpcId": vpc, "cidrBlock": "10.0.1.0/24", "availabilityZone": "eu-west-1b"},
        needs=("vpc",),
        update={"tags": {"a": "1"}},
        replacement={"availabilityZone": "eu-west-1c"},
        replaces=("availabilityZone",),
    ),
    Case(
        "aws:ec2/internetGateway:InternetGateway",
        lambda vpc: {"vpcId": vpc},
        needs=("vpc",),
        update={"tags": {"a": "1"}},
    ),
    Case(
        "aws:ec2/eip:Eip",
        lambda: {"domain": "vpc"},
        update={"tags": {"a": "1"}},
    ),
    Case(
        "aws:ec2/natGateway:NatGateway",
        lambda subnet, address: {"subnetId": subnet, "allocationId": address},
        needs=("subnet", "address"),
        update={"tags": {"a": "1"}},
        replacement={"subnetId": "subnet-0"},
        replaces=("subnetId",),
    ),
    Case(
        "aws:ec2/routeTable:RouteTable",
        lambda vpc: {"vpcId": vpc, "tags": {"a": "1"}},
        needs=("vpc",),
        update={"tags": {"b": "2"}},
        replacement={"vpcId": "vpc-0"},
        replaces=("vpcId",),
    ),
    Case(
        "aws:ec2/route:Route",
        lambda routes, gateway: {
            "routeTableId": routes,
            "destinationCidrBlock": "0.0.0.0/0",
            "gatewayId": gateway,
        },
        needs=("routes", "gateway"),
        replacement={"destinationCidrBlock": "10.9.0.0/16"},
        replaces=("destinationCidrBlock",),
        import_id="{routeTableId}_{destinationCidrBlock}",
    ),
    Case(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        lambda network: {"subnetId": network["subnet"], "routeTableId": network["table"]},
        needs=("network",),
        replacement={"subnetId": "subnet-0"},
        replaces=("subnetId",),
        import_id="{subnetId}/{routeTableId}",
    ),
    Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda network: {
            "vpcId": network["vpc"],
            "serviceName": "com.amazonaws.eu-west-1.s3",
            "routeTableIds": [network["table"]],
        },
        needs=("network",),
        update={"policy": policy("s3:GetObject", Principal="*", Resource="*"), "tags": {"a": "1"}},
        replacement={"vpcEndpointType": "Interface"},
        replaces=("vpcEndpointType",),
    ),
    Case(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        lambda: {
            "url": f"https://gitlab-{uuid4().hex[:7]}.example.com",
            "clientIdLists": ["sts.amazonaws.com", "gitlab"],
            "tags": {"a": "1"},
        },
        update={
            "clientIdLists": ["sts.amazonaws.com", "other"],
            "tags": {"b": "2"},
        },
        replacement={"url": "https://gitlab.example.org"},
        replaces=("url",),
        rewritten=("url",),
    ),
    Case(
        "aws:lambda/function:Function",
        lambda function_role: {
            "role": function_role,
            "runtime": "python3.13",
            "handler": "demo.handler",
            "code": archive("def handler(event, context):\n    return {}\n"),
            "loggingConfig": {"logFormat": "Text", "logGroup": "/demo"},
            "tags": {"a": "1"},
        },
        needs=("function_role",),
        update={
            "code": archive("def handler(event, context):\n    return event\n"),
            "timeout": 60,
            "memorySize": 256,
            "description": "Demo",
            "loggingConfig": {"logFormat": "JSON", "logGroup": "/other"},
            "tags": {"b": "2"},
        },
        replacement={"name": "other"},
        replaces=("name",),
        lost=("code",),
    ),
    Case(
        "aws:lambda/invocation:Invocation",
        lambda function: {"functionName": function, "input": '{"a": 1}', "lifecycleScope": "CRUD"},
        needs=("function",),
        update={"input": '{"a": 2}'},
        replacement={"functionName": "other"},
        replaces=("functionName",),
        lost=("input", "lifecycleScope"),
        left={},
    ),
    Case(
        "aws:scheduler/schedule:Schedule",
        lambda: {
            "scheduleExpression": "rate(6 hours)",
            "flexibleTimeWindow": {"mode": "OFF"},
            "target": {
                "arn": "arn:aws:lambda:eu-west-1:123456789012:function:demo",
                "roleArn": f"{ROLE}/runs-functions",
                "input": "{}",
                "retryPolicy": {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 10},
            },
        },
        update={
            "scheduleExpression": "rate(3 hours)",
            "description": "Demo",
            "flexibleTimeWindow": {"mode": "FLEXIBLE", "maximumWindowInMinutes": 5},
            "state": "DISABLED",
        },
        replacement={"groupName": "other"},
        replaces=("groupName",),
    ),
    Case(
        "aws:imagebuilder/component:Component",
        lambda: {
            "name": f"demo-{uuid4().hex[:7]}",
            "version": "1.0.0",
            "platform": "Linux",
            "description": "Demo",
            "data": "schemaVersion: 1.0",
            "tags": {"a": "1"},
        },
        update={"tags": {"b": "2"}},
        replacement={"version": "1.0.1"},
        replaces=("version",),
    ),
    Case(
        "aws:imagebuilder/imageRecipe:ImageRecipe",
        lambda component: {
            "name": f"demo-{uuid4().hex[:7]}",
            "version": "1.0.0",
            "parentImage": f"ssm:{AMAZON_LINUX}",
            "components": [{"componentArn": component}],
            "blockDeviceMappings": [
                {
                    "deviceName": "/dev/xvda",
                    "ebs": {
                        "deleteOnTermination": "true",
                        "encrypted": "true",
                        "volumeSize": 20,
                        "volumeType": "gp3",
                    },
                }
            ],
            "tags": {"a": "1"},
        },
        needs=("component",),
        update={"tags": {"b": "2"}},
        replacement={"parentImage": "ami-0123456789abcdef0"},
        replaces=("parentImage",),
    ),
    Case(
        "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration",
        lambda: {
            "name": f"demo-{uuid4().hex[:7]}",
            "instanceProfileName": "demo",
            "instanceTypes": ["m6i.large"],
            "instanceMetadataOptions": {"httpTokens": "required"},
            "resourceTags": {"a": "1"},
        },
        update={
            "description": "Demo",
            "instanceTypes": ["m7i.large"],
            "subnetId": "subnet-0",
            "terminateInstanceOnFailure": True,
            "tags": {"b": "2"},
        },
        replacement={"name": "other"},
        replaces=("name",),
    ),
    Case(
        "aws:imagebuilder/distributionConfiguration:DistributionConfiguration",
        lambda: {
            "name": f"demo-{uuid4().hex[:7]}",
            "distributions": [
                {
                    "region": "eu-west-1",
                    "amiDistributionConfiguration": {"name": "demo {{ imagebuilder:buildDate }}"},
                    "ssmParameterConfigurations": [
                        {"parameterName": "/imagebuilder/demo", "dataType": "aws:ec2:image"}
                    ],
                }
            ],
        },
        update={"description": "Demo", "tags": {"a": "1"}},
        replacement={"name": "other"},
        replaces=("name",),
    ),
    Case(
        "aws:imagebuilder/imagePipeline:ImagePipeline",
        lambda build: {
            "name": f"demo-{uuid4().hex[:7]}",
            "imageRecipeArn": build["recipe"],
            "infrastructureConfigurationArn": build["infrastructure"],
            "distributionConfigurationArn": build["distribution"],
            "enhancedImageMetadataEnabled": False,
            "schedule": {
                "scheduleExpression": "cron(0 4 ? * mon *)",
                "timezone": "UTC",
                "pipelineExecutionStartCondition": "EXPRESSION_MATCH_ONLY",
            },
            "tags": {"a": "1"},
        },
        needs=("build",),
        update={"description": "Demo", "status": "DISABLED", "tags": {"b": "2"}},
        replacement={"name": "other"},
        replaces=("name",),
    ),
]
