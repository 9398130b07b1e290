"""One stack of everything: each resource's inputs, provider, aliases and dependencies; and its outputs."""

from collections.abc import Mapping
from typing import Any
from unittest.mock import ANY

import pulumi
import pulumi_aws as aws
import pytest
from pulumi.runtime.mocks import MockCallArgs
from pulumi_gitlab_runner import RunnerStack

from tests.components.everything import RealisticCloud, declaration
from tests.components.recording import Cloud, Recording, Registered, run

STACK = {"gitlab-runner-stack": "gitlab-runner/sandbox"}
DECLARED = {"team": "ci", "cost-center": "4711"}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:ci-alarms"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
ROLES = "arn:aws:iam::123456789012:role"
AMAZON_LINUX = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
UBUNTU = "/aws/service/canonical/ubuntu/server"
HERE = {"region": "eu-west-1"}
SUBNETS = ["ci-private-1-id", "ci-private-2-id"]
TLS_PORT = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
SSH = {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22}
AT_LAUNCH = [{"resourceType": each, "tags": DECLARED | STACK} for each in ("instance", "volume")]
MARK = "Kept fresh by gitlab-runner/sandbox/hosted-auth/hosted"


def disk(size: int, device: str = "/dev/xvda") -> list[Any]:
    ebs = {"volumeType": "gp3", "volumeSize": size, "encrypted": "true", "deleteOnTermination": "true"}
    return [{"deviceName": device, "ebs": ebs}]


def role(**further: Any) -> dict[str, Any]:
    return {"path": "/", "forceDetachPolicies": True, "assumeRolePolicy": ANY, **further}


def alarm(**further: Any) -> dict[str, Any]:
    return {"statistic": "Sum", "threshold": 1, "alarmActions": [TOPIC], "okActions": [TOPIC], **further}


CLOSED = {
    "bucket": "ci-0a1b2c3",
    "blockPublicAcls": True,
    "blockPublicPolicy": True,
    "ignorePublicAcls": True,
    "restrictPublicBuckets": True,
}
EXPIRES = {
    "status": "Enabled",
    "filter": {},
    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
}
HEARTBEAT = {
    "namespace": "GitLabRunner",
    "comparisonOperator": "LessThanThreshold",
    "treatMissingData": "breaching",
}

INPUTS: dict[str, dict[str, Any]] = {
    # The key of secrets and the bucket of hosts' files.
    "HostStore Key ci": {
        "description": "Runner tokens and registry passwords of gitlab-runner/sandbox",
        "enableKeyRotation": True,
        "deletionWindowInDays": 7,
        "policy": ANY,
    },
    "HostStore Alias ci": {"name": "alias/gitlab-runner/sandbox/ci", "targetKeyId": "the-key"},
    "HostStore Bucket ci": {"forceDestroy": True},
    "HostStore BucketPublicAccessBlock ci": CLOSED,
    "HostStore BucketPolicy ci": {"bucket": "ci-0a1b2c3", "policy": ANY},
    "HostStore BucketLifecycleConfiguration ci": {
        "bucket": "ci-0a1b2c3",
        "rules": [
            {"id": "earlier-versions", "noncurrentVersionExpiration": {"noncurrentDays": 30}, **EXPIRES}
        ],
    },
    "RunnerCache BucketPublicAccessBlock ci": CLOSED,
    "RunnerCache BucketPolicy ci": {"bucket": "ci-0a1b2c3", "policy": ANY},
    "RunnerCache BucketLifecycleConfiguration ci": {
        "bucket": "ci-0a1b2c3",
        "rules": [{"id": "expire", "expiration": {"days": 14}, **EXPIRES}],
    },
    "RunnerCache BucketServerSideEncryptionConfiguration ci": {
        "bucket": "ci-0a1b2c3",
        "rules": [
            {
                "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
                "bucketKeyEnabled": True,
            }
        ],
    },
    # Registries.
    "EcrRepositories LifecyclePolicy ci-team/ci/base": {"repository": "ci/base", "policy": ANY},
    "EcrRepositories RepositoryPolicy ci-team/ci/base": {"repository": "ci/base", "policy": ANY},
    "EcrRepositories Repository ci-frankfurt/ci/base": {
        "name": "ci/base",
        "region": "eu-central-1",
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "AES256"}],
        "forceDelete": False,
    },
    "EcrRepositories LifecyclePolicy ci-frankfurt/ci/base": {
        "repository": "ci/base",
        "region": "eu-central-1",
        "policy": ANY,
    },
    "RunnerStack PullThroughCacheRule ci-kubernetes": {
        "ecrRepositoryPrefix": "kubernetes",
        "upstreamRegistryUrl": "registry.k8s.io",
    },
    "RunnerStack Secret ecr-pullthroughcache/ci-hub": {
        "recoveryWindowInDays": 0,
        "description": "What ECR logs in with at registry-1.docker.io",
    },
    "RunnerStack SecretVersion ecr-pullthroughcache/ci-hub": {
        "secretId": "ecr-pullthroughcache/ci-hub-id",
        "secretString": '{"username": "hub_user", "accessToken": "hub-access-token"}',
    },
    "EcrSettings Role ci-eu-west-1-creation-templates": {
        "forceDetachPolicies": True,
        "assumeRolePolicy": ANY,
    },
    "EcrSettings RolePolicy ci-eu-west-1-creation-templates": {
        "role": "ci-eu-west-1-creation-templates-0a1b2c3",
        "policy": ANY,
    },
    "EcrSettings RegistryPolicy ci-eu-west-1": {"policy": ANY, **HERE},
    "EcrSettings ReplicationConfiguration ci-eu-west-1": {
        "replicationConfiguration": {
            "rules": [{"destinations": [{"region": "eu-central-1", "registryId": "123456789012"}]}]
        },
        **HERE,
    },
    "EcrSettings RegistryScanningConfiguration ci-eu-west-1": {
        "scanType": "ENHANCED",
        "rules": [
            {
                "scanFrequency": frequency,
                "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}],
            }
            for frequency in ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")
        ],
        **HERE,
    },
    "EcrSettings RepositoryCreationTemplate ci-eu-west-1/hub": {
        "prefix": "hub",
        "appliedFors": ["PULL_THROUGH_CACHE", "REPLICATION"],
        "description": "By pulumi-gitlab-runner",
        "imageTagMutability": "MUTABLE",
        "encryptionConfigurations": [{"encryptionType": "AES256"}],
        "lifecyclePolicy": ANY,
        "resourceTags": {"team": "ci"},
        "customRoleArn": f"{ROLES}/ci-eu-west-1-creation-templates-0a1b2c3",
        **HERE,
    },
    # A host.
    "RunnerHost BucketObjectv2 ci-build-files": {
        "bucket": "ci-0a1b2c3",
        "key": "build/files.json",
        "content": ANY,
        "contentType": "application/json",
        "metadata": {"runner-ids": "11,11"},
    },
    "RunnerHost LogGroup ci-build": {
        "name": "/gitlab-runner/sandbox/build",
        "retentionInDays": 90,
        "kmsKeyId": KEY,
    },
    "RunnerHost SecurityGroup ci-build": {"vpcId": "ci-id", "description": "Runner host build"},
    "RunnerHost SecurityGroupEgressRule ci-build": {
        "securityGroupId": "ci-build-id",
        "description": "To GitLab, the registries and AWS",
        "ipProtocol": "-1",
        "cidrIpv4": "0.0.0.0/0",
    },
    "RunnerHost SecurityGroupEgressRule ci-release-10.0.0.0/8:22/tcp": {
        "securityGroupId": "ci-release-id",
        "description": "Declared egress: tcp 22",
        "cidrIpv4": "10.0.0.0/8",
        **SSH,
    },
    "RunnerHost SecurityGroupEgressRule ci-release-0.0.0.0/0:443/tcp": {
        "securityGroupId": "ci-release-id",
        "description": "Declared egress: tcp 443",
        "cidrIpv4": "0.0.0.0/0",
        **TLS_PORT,
    },
    "RunnerHost SecurityGroupEgressRule ci-first-pl-63a5400a:443/tcp": {
        "securityGroupId": "ci-first-id",
        "description": "Declared egress: tcp 443",
        "prefixListId": "pl-63a5400a",
        **TLS_PORT,
    },
    "RunnerHost SecurityGroupIngressRule ci-build-metrics": {
        "securityGroupId": "ci-build-id",
        "description": "Metrics of the runner, for the VPC",
        "cidrIpv4": "10.0.0.0/16",
        "ipProtocol": "tcp",
        "fromPort": 9252,
        "toPort": 9252,
    },
    "RunnerHost LaunchTemplate ci-release": {
        "description": "Runner host release",
        "imageId": f"resolve:ssm:{UBUNTU}/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id",
        "instanceType": "c7g.large",
        "iamInstanceProfile": {"arn": "arn:aws:iam::123456789012:instance-profile/ci-release-0a1b2c3"},
        "vpcSecurityGroupIds": ["ci-release-id"],
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
            "instanceMetadataTags": "enabled",
        },
        "blockDeviceMappings": disk(100, "/dev/sda1"),
        "userData": ANY,
        "updateDefaultVersion": True,
        "tagSpecifications": AT_LAUNCH,
    },
    "RunnerHost Group ci-build": {
        "minSize": 1,
        "maxSize": 2,
        "vpcZoneIdentifiers": SUBNETS,
        "launchTemplate": {"id": "ci-build-id", "version": "1"},
        "instanceMaintenancePolicy": {"minHealthyPercentage": 100, "maxHealthyPercentage": 200},
        "instanceRefresh": {"strategy": "Rolling", "triggers": ["vpc_zone_identifier"]},
        "healthCheckType": "EC2",
        "defaultInstanceWarmup": 30,
        "initialLifecycleHooks": [
            {
                "name": "gitlab-runner-boot",
                "lifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
                "heartbeatTimeout": 600,
                "defaultResult": "ABANDON",
            },
            {
                "name": "gitlab-runner-drain",
                "lifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
                "heartbeatTimeout": 300,
                "defaultResult": "CONTINUE",
            },
        ],
        "waitForCapacityTimeout": "1200s",
        "ignoreFailedScalingActivities": True,
    },
    "RunnerHost MetricAlarm ci-build": alarm(
        alarmDescription="No runner host build has had a working gitlab-runner and Docker for 15 minutes",
        metricName="Healthy",
        dimensions={"Host": "/gitlab-runner/sandbox/build"},
        period=300,
        evaluationPeriods=3,
        **HEARTBEAT,
    ),
    "RunnerManagerRole Role ci-build": role(
        path="/ci/", permissionsBoundary="arn:aws:iam::123456789012:policy/ci-boundary"
    ),
    "RunnerManagerRole Role ci-first": role(),
    "RunnerManagerRole InstanceProfile ci-build": {"path": "/ci/", "role": "ci-build-0a1b2c3"},
    "RunnerManagerRole RolePolicyAttachment ci-build-1": {
        "role": "ci-build-0a1b2c3",
        "policyArn": "arn:aws:iam::123456789012:policy/of-our-own",
    },
    "RunnerManagerRole RolePolicy ci-build.key": {"role": "ci-build-0a1b2c3", "policy": ANY},
    # A fleet.
    "RunnerFleet SecurityGroup ci-burst-workers": {
        "vpcId": "ci-id",
        "description": "Workers of burst: SSH from their manager",
    },
    "RunnerFleet SecurityGroupIngressRule ci-burst-workers": {
        "securityGroupId": "ci-burst-workers-id",
        "description": "SSH from the manager",
        "referencedSecurityGroupId": "ci-burst-id",
        **SSH,
    },
    "RunnerFleet LaunchTemplate ci-burst-workers": {
        "description": "Runner burst-workers",
        "imageId": f"resolve:ssm:{AMAZON_LINUX}",
        "vpcSecurityGroupIds": ["ci-burst-workers-id"],
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
        },
        "blockDeviceMappings": disk(100),
        "userData": ANY,
        "updateDefaultVersion": True,
        "tagSpecifications": AT_LAUNCH,
    },
    "RunnerFleet Group ci-burst-workers": {
        "name": "gitlab-runner-sandbox-burst",
        "minSize": 0,
        "maxSize": 20,
        "waitForCapacityTimeout": "0",
        "vpcZoneIdentifiers": SUBNETS,
        "mixedInstancesPolicy": ANY,
        "protectFromScaleIn": True,
        "suspendedProcesses": ["AZRebalance"],
        "healthCheckType": "EC2",
        "forceDelete": True,
    },
    # Credentials of hosted runners, and roles of jobs.
    "HostedRunnerAuth Role ci-hosted": role(),
    "HostedRunnerAuth Role ci-hosted-schedule": role(),
    "HostedRunnerAuth LogGroup ci-hosted": {
        "name": "/gitlab-runner/sandbox/hosted-auth/hosted",
        "retentionInDays": 30,
        "kmsKeyId": KEY,
    },
    "HostedRunnerAuth Parameter ci-declared-token": {
        "name": "/gitlab-runner/sandbox/hosted-auth/declared/tokens/gitlab",
        "type": "SecureString",
        "keyId": KEY,
        "value": "sandbox-token",
        "overwrite": True,
    },
    "HostedRunnerAuth Function ci-hosted": {
        "description": "Renews registry credentials in GitLab: gitlab-runner/sandbox/hosted-auth/hosted",
        "role": f"{ROLES}/ci-hosted-0a1b2c3",
        "runtime": "python3.13",
        "handler": "renewal.handler.handler",
        "code": ANY,
        "timeout": 120,
        "memorySize": 256,
        "loggingConfig": {
            "logFormat": "Text",
            "logGroup": "/gitlab-runner/sandbox/hosted-auth/hosted",
        },
    },
    "HostedRunnerAuth Invocation ci-hosted-project-8-DOCKER_AUTH_CONFIG": {
        "functionName": "ci-hosted-0a1b2c3",
        "lifecycleScope": "CRUD",
        "input": ANY,
    },
    "HostedRunnerAuth RolePolicy ci-hosted-schedule": {
        "role": "ci-hosted-schedule-0a1b2c3",
        "policy": ANY,
    },
    "HostedRunnerAuth Schedule ci-hosted": {
        "description": "Renews registry credentials in GitLab every 6 hours",
        "scheduleExpression": "rate(6 hours)",
        "flexibleTimeWindow": {"mode": "OFF"},
        "target": {
            "arn": "arn:aws:lambda:eu-west-1:123456789012:function:ci-hosted-0a1b2c3",
            "roleArn": f"{ROLES}/ci-hosted-schedule-0a1b2c3",
            "input": "{}",
            "retryPolicy": {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 10},
        },
    },
    "HostedRunnerAuth MetricAlarm ci-hosted-failed": alarm(
        alarmDescription=f"A renewal of registry credentials failed; its log says why. {MARK}",
        namespace="AWS/Lambda",
        metricName="Errors",
        dimensions={"FunctionName": "ci-hosted-0a1b2c3"},
        period=300,
        evaluationPeriods=1,
        comparisonOperator="GreaterThanOrEqualToThreshold",
        treatMissingData="notBreaching",
    ),
    "HostedRunnerAuth MetricAlarm ci-hosted-stale": alarm(
        alarmDescription=f"Registry credentials were not renewed for 7 hours; they last 12. {MARK}",
        metricName="Renewed",
        dimensions={"Renewal": MARK},
        period=3600,
        evaluationPeriods=7,
        **HEARTBEAT,
    ),
    "JobRole Role ci-publish": role(description="Jobs of GitLab: gitlab-runner/sandbox"),
    "JobRole RolePolicy ci-publish": {"role": "ci-publish-0a1b2c3", "policy": ANY},
    # A machine image.
    "RunnerImage Role ci-base": role(description="Builds machine images of runner hosts"),
    "RunnerImage InstanceProfile ci-base": {"path": "/", "role": "ci-base-0a1b2c3"},
    "RunnerImage SecurityGroup ci-base": {
        "vpcId": "ci-id",
        "description": "Builds the machine image base",
    },
    "RunnerImage LogGroup ci-base": {
        "name": "/aws/imagebuilder/gitlab-runner-sandbox-base",
        "retentionInDays": 90,
        "kmsKeyId": KEY,
    },
    "RunnerImage Component ci-base": {
        "name": "gitlab-runner-sandbox-base",
        "version": ANY,
        "platform": "Linux",
        "description": "Runner hosts of gitlab-runner/sandbox",
        "data": ANY,
    },
    "RunnerImage ImageRecipe ci-base": {
        "name": "gitlab-runner-sandbox-base",
        "version": ANY,
        "description": "Runner hosts of gitlab-runner/sandbox",
        "parentImage": f"ssm:{AMAZON_LINUX}",
        "components": [
            {"componentArn": "arn:aws:imagebuilder:eu-west-1:123456789012:component/base/1.2.3/1"}
        ],
        "blockDeviceMappings": disk(20),
    },
    "RunnerImage InfrastructureConfiguration ci-base": {
        "name": "gitlab-runner-sandbox-base",
        "description": "Builds the machine image base",
        "instanceProfileName": "ci-base-0a1b2c3",
        "instanceTypes": ["m6i.large"],
        "securityGroupIds": ["ci-base-id"],
        "subnetId": "ci-private-1-id",
        "instanceMetadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
        "terminateInstanceOnFailure": True,
        "resourceTags": DECLARED,
    },
    "RunnerImage DistributionConfiguration ci-base": {
        "name": "gitlab-runner-sandbox-base",
        "distributions": [
            {
                "region": "eu-west-1",
                "amiDistributionConfiguration": {
                    "name": "gitlab-runner-sandbox-base {{ imagebuilder:buildDate }}",
                    "amiTags": DECLARED,
                },
                "ssmParameterConfigurations": [
                    {
                        "parameterName": "/imagebuilder/gitlab-runner/sandbox/base",
                        "dataType": "aws:ec2:image",
                    }
                ],
            }
        ],
    },
    "RunnerImage ImagePipeline ci-base": {
        "name": "gitlab-runner-sandbox-base",
        "description": "Machine image base of runner hosts of gitlab-runner/sandbox",
        "imageRecipeArn": "arn:aws:imagebuilder:eu-west-1:123456789012:image-recipe/base/1.2.3",
        "infrastructureConfigurationArn": (
            "arn:aws:imagebuilder:eu-west-1:123456789012:infrastructure-configuration/base"
        ),
        "distributionConfigurationArn": (
            "arn:aws:imagebuilder:eu-west-1:123456789012:distribution-configuration/base"
        ),
        "enhancedImageMetadataEnabled": False,
        "schedule": {
            "scheduleExpression": "cron(0 4 ? * mon *)",
            "timezone": "UTC",
            "pipelineExecutionStartCondition": "EXPRESSION_MATCH_ONLY",
        },
    },
    # Runners and CI variables in GitLab.
    "RunnerRegistration UserRunner ci-release_2": {
        "runnerType": "project_type",
        "projectId": 7,
        "description": "release",
        "tagLists": ["release"],
        "untagged": False,
        "accessLevel": "ref_protected",
        "locked": False,
        "paused": False,
        "maximumTimeout": 3600,
        "maintenanceNote": "Managed by Pulumi: gitlab-runner/sandbox",
    },
    "RunnerRegistration ProjectRunnerEnablement ci-release_2-project-8": {"project": "8", "runnerId": 112},
    "CiVariables GroupVariable ci-group-42-DEPLOY_KEY-production": {
        "group": "42",
        "key": "DEPLOY_KEY",
        "value": "a-masked-value-1234",
        "environmentScope": "production",
        "masked": True,
        "hidden": False,
        "protected": True,
        "raw": False,
        "variableType": "env_var",
        "description": "Managed by Pulumi: gitlab-runner/sandbox",
    },
    # The network.
    "RunnerNetwork Vpc ci": {
        "cidrBlock": "10.64.0.0/20",
        "enableDnsSupport": True,
        "enableDnsHostnames": True,
    },
    "RunnerNetwork InternetGateway ci": {"vpcId": "ci-id"},
    "RunnerNetwork RouteTable ci-public": {"vpcId": "ci-id"},
    "RunnerNetwork Route ci-public": {
        "routeTableId": "ci-public-id",
        "destinationCidrBlock": "0.0.0.0/0",
        "gatewayId": "ci-id",
    },
    "RunnerNetwork Subnet ci-public-2": {
        "vpcId": "ci-id",
        "cidrBlock": "10.64.12.16/28",
        "availabilityZone": "eu-west-1b",
    },
    "RunnerNetwork Eip ci-2": {"domain": "vpc"},
    "RunnerNetwork NatGateway ci-2": {"subnetId": "ci-public-2-id", "allocationId": "ci-2-id"},
    "RunnerNetwork VpcEndpoint ci-s3": {
        "vpcId": "ci-id",
        "serviceName": "com.amazonaws.eu-west-1.s3",
        "vpcEndpointType": "Gateway",
        "routeTableIds": SUBNETS,
    },
    "RunnerNetwork VpcEndpoint ci-ssm": {
        "vpcId": "ci-id",
        "serviceName": "com.amazonaws.eu-west-1.ssm",
        "vpcEndpointType": "Interface",
        "subnetIds": SUBNETS,
        "securityGroupIds": ["ci-endpoints-id"],
        "privateDnsEnabled": True,
    },
    "RunnerNetwork SecurityGroup ci-endpoints": {
        "vpcId": "ci-id",
        "description": "Endpoints of ci: HTTPS from its VPC",
    },
    "RunnerNetwork LogGroup ci-flow-logs": {
        "name": "/gitlab-runner/sandbox/flow-logs/ci",
        "retentionInDays": 30,
        "kmsKeyId": KEY,
    },
    "RunnerNetwork Role ci-flow-logs": {"forceDetachPolicies": True, "assumeRolePolicy": ANY},
    "RunnerNetwork RolePolicy ci-flow-logs": {"role": "ci-flow-logs-0a1b2c3", "policy": ANY},
    "RunnerNetwork FlowLog ci-flow-logs": {
        "vpcId": "ci-id",
        "trafficType": "ALL",
        "logDestinationType": "cloud-watch-logs",
        "logDestination": "arn:aws:logs:eu-west-1:123456789012:log-group:/gitlab-runner/sandbox/flow-logs/ci",
        "iamRoleArn": f"{ROLES}/ci-flow-logs-0a1b2c3",
    },
}
"""By component, type and name: all inputs except the tags that all resources have."""

OWN_TAGS: dict[str, dict[str, str]] = {
    **{
        f"RunnerNetwork {kind} {name}": {"Name": name}
        for kind, name in (
            ("Vpc", "ci"),
            ("DefaultSecurityGroup", "ci"),
            ("InternetGateway", "ci"),
            ("RouteTable", "ci-public"),
            ("RouteTable", "ci-private-2"),
            ("Subnet", "ci-public-1"),
            ("Subnet", "ci-private-2"),
            ("Eip", "ci-1"),
            ("NatGateway", "ci-1"),
            ("VpcEndpoint", "ci-s3"),
            ("VpcEndpoint", "ci-ecr.api"),
            ("FlowLog", "ci-flow-logs"),
        )
    },
    "RunnerHost Group ci-build": {
        "Name": "gitlab-runner-build",
        "gitlab-runner-host": "/gitlab-runner/sandbox/build",
    },
    "RunnerFleet Group ci-burst-workers": {"Name": "gitlab-runner-burst-workers"},
    "RunnerManagerRole Role ci-build": {"gitlab-runner-host": "/gitlab-runner/sandbox/build"},
}
"""The tags that resources have besides those of the stack and of the declaration."""


FORMER_NAMES = {
    "RunnerStack EcrRepositories ci-team": ["team"],
    "RunnerStack PullThroughCacheRule ci-hub": ["hub"],
    "RunnerStack Secret ecr-pullthroughcache/ci-hub": ["ecr-pullthroughcache/hub"],
    "RunnerStack SecretVersion ecr-pullthroughcache/ci-hub": ["ecr-pullthroughcache/hub"],
    "RunnerStack EcrSettings ci-eu-west-1": ["eu-west-1"],
    "RunnerStack RunnerRegistration ci-first": ["first"],
    "RunnerStack RunnerFleet ci-burst": ["burst"],
    "RunnerStack HostedRunnerAuth ci-hosted": ["hosted"],
    "RunnerStack OpenIdConnectProvider ci-gitlab.example.com": ["gitlab.example.com"],
    "RunnerStack JobRole ci-publish": ["publish"],
}
"""The former names of resources, before the names of a stack's children started with that of the stack."""

DEPENDENCIES: dict[str, set[str]] = {
    # S3 refuses concurrent changes of the access to a bucket.
    "HostStore BucketPolicy ci": {"BucketPublicAccessBlock ci"},
    "RunnerHost BucketObjectv2 ci-build-files": {
        "BucketVersioning ci",
        "BucketServerSideEncryptionConfiguration ci",
        *(f"Parameter ci-build-token-{each}" for each in ("build", "checks")),
        *(f"Parameter ci-build-registry-{each}" for each in ("legacy", "deploy")),
    },
    # A role has its permissions before a service assumes it.
    "RunnerManagerRole RolePolicy ci-build": {"RolePolicy ci-build.key"},
    "RunnerManagerRole InstanceProfile ci-build": {"RolePolicy ci-build"},
    "RunnerImage InstanceProfile ci-base": {"RolePolicy ci-base"},
    "HostedRunnerAuth RolePolicy ci-declared": {"RolePolicy ci-declared.key"},
    "HostedRunnerAuth Function ci-declared": {"RolePolicy ci-declared", "Parameter ci-declared-token"},
    "HostedRunnerAuth Schedule ci-hosted": {"RolePolicy ci-hosted-schedule"},
    "RunnerNetwork FlowLog ci-flow-logs": {"RolePolicy ci-flow-logs"},
    "EcrSettings RepositoryCreationTemplate ci-eu-west-1/hub": {"RolePolicy ci-eu-west-1-creation-templates"},
    # ECR creates no rule with an empty secret.
    "RunnerStack PullThroughCacheRule ci-hub": {"SecretVersion ecr-pullthroughcache/ci-hub"},
    "RunnerImage DistributionConfiguration ci-base": {"Parameter ci-base"},
    "RunnerHost MetricAlarm ci-build": {"Group ci-build"},
    # An instance needs its permissions and its connections until its last job has ended.
    "RunnerHost Group ci-build": {
        *("Role ci-build", "RolePolicy ci-build", "RolePolicy ci-build.key", "InstanceProfile ci-build"),
        *("RolePolicyAttachment ci-build-1", "SecurityGroup ci-build", "SecurityGroupEgressRule ci-build"),
        *("VpcEndpoint ci-s3", "VpcEndpoint ci-ssm"),
    },
}
"""The resources that are created before a resource, and deleted after it."""


def in_ec2(name: str, *, logs: bool = False) -> dict[str, str]:
    return {
        **dict.fromkeys(("host", "role", "profile"), f"ci-{name}-0a1b2c3"),
        "security_group": f"ci-{name}-id",
        "log_group": f"/gitlab-runner/sandbox/{name}" if logs else "",
    }


OUTPUTS: dict[str, Any] = {
    "runners": {
        "build": {"id": "11", "tags": ["docker"], "scope": "group 42", **in_ec2("build", logs=True)},
        "checks": {"id": "11", "tags": ["small"], "scope": "group 42", **in_ec2("build", logs=True)},
        "release": {"id": "112", "tags": ["release"], "scope": "project 7", **in_ec2("release")},
        "renamed": {"id": "11", "tags": ["renamed"], "scope": "group 42", **in_ec2("first")},
        "burst": {
            "id": "11",
            "tags": ["burst"],
            "scope": "group 42",
            "host": "gitlab-runner-sandbox-burst",
            "role": "ci-burst-0a1b2c3",
            "security_group": "ci-burst-workers-id",
        },
    },
    "variables": [
        {"scope": scope, "key": key, "masked": masked, "protected": protected}
        for scope, key, masked, protected in (
            ("project 7", "DOCKER_AUTH_CONFIG", True, False),
            ("group 42", "ECR_REGISTRY", False, False),
            ("group 42", "DEPLOY_KEY", True, True),
            ("project 8", "DOCKER_AUTH_CONFIG", True, False),
            ("group 43", "DOCKER_AUTH_CONFIG", True, False),
        )
    ],
    "builds": {},
    "mirrors": {},
    "docker_policies": {},
    "nat_addresses": ["address-of-ci-1", "address-of-ci-2"],
    "bucket": "ci-0a1b2c3",
    "key_arn": KEY,
    "machine_images": {
        "base": {
            "id": "ami-named-by-/imagebuilder/gitlab-runner/sandbox/base",
            "parameter": "/imagebuilder/gitlab-runner/sandbox/base",
            "pipeline": "arn:aws:imagebuilder:eu-west-1:123456789012:image-pipeline/base",
        }
    },
    "job_roles": {"publish": {"arn": f"{ROLES}/ci-publish-0a1b2c3", "snippet": ANY}},
    "required_policies": {"shared": ANY},
    "registries": ANY,
}


class ProviderCloud(Cloud):
    """AWS, which records the provider of each call."""

    def __init__(self, *, preview: bool) -> None:
        super().__init__(preview=preview)
        self.providers: dict[str, set[str]] = {}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        self.providers.setdefault(args.token, set()).add(_name(args.provider))
        return super().call(args)


class RealisticProviderCloud(ProviderCloud, RealisticCloud):
    """The same with realistic ARNs."""


@pytest.fixture(scope="module")
def stack() -> tuple[Recording, dict[str, Any]]:
    declared = declaration()
    declared["runners"]["renamed"]["host"]["egress"] = [
        {"prefix_list": "pl-63a5400a", "from_port": 443},
        {"cidr": "0.0.0.0/0", "from_port": 443},
    ]

    def program() -> dict[str, Any]:
        provider = aws.Provider("ours", region="eu-west-1")
        runner_stack = RunnerStack("ci", declared, pulumi.ResourceOptions(providers=[provider]))  # type: ignore[arg-type]
        return {each: getattr(runner_stack, each) for each in OUTPUTS}

    return run(program, cloud=RealisticProviderCloud)


@pytest.fixture(scope="module")
def everything(stack: tuple[Recording, dict[str, Any]]) -> Recording:
    return stack[0]


@pytest.fixture(scope="module")
def named(everything: Recording) -> Mapping[str, Registered]:
    """The resources by component, type and name."""
    return {
        f"{component(each)} {each.type.rpartition(':')[2]} {each.name}": each
        for each in everything.all_registered
    }


def component(registered: Registered) -> str:
    return registered.parent.partition("::")[0].rpartition(":")[2]


@pytest.mark.parametrize("component_name", dict.fromkeys(name.partition(" ")[0] for name in INPUTS))
def test_each_input_of_the_resources_of_a_component(
    named: Mapping[str, Registered], component_name: str
) -> None:
    expected = {name: inputs for name, inputs in INPUTS.items() if name.startswith(f"{component_name} ")}
    found = {
        name: {key: each for key, each in named[name].inputs.items() if key != "tags"} for name in expected
    }
    assert found == expected


def test_each_component_registers_its_outputs(everything: Recording) -> None:
    assert everything.lacking_outputs() == set()


def test_only_the_fleet_shows_the_declaration_of_its_manager(named: Mapping[str, Registered]) -> None:
    assert "declared" in named["RunnerStack RunnerFleet ci-burst"].inputs
    assert named["RunnerFleet RunnerHost ci-burst"].inputs == {}
    assert "declared" in named["RunnerStack RunnerHost ci-build"].inputs


def test_resources_with_further_tags(named: Mapping[str, Registered]) -> None:
    found = {name: named[name].tags for name in OWN_TAGS}
    assert found == {name: {**DECLARED, **STACK, **own} for name, own in OWN_TAGS.items()}


def test_instances_get_the_tags_of_their_group_except_the_one_of_the_host(
    named: Mapping[str, Registered],
) -> None:
    for name in ("RunnerHost Group ci-build", "RunnerFleet Group ci-burst-workers"):
        launched = {each["key"]: each["propagateAtLaunch"] for each in named[name].inputs["tags"]}
        assert launched.pop("gitlab-runner-host", False) is False
        assert set(launched.values()) == {True}


def providers(recording: Recording) -> tuple[set[str], dict[str, set[str]]]:
    """The providers of the resources in AWS, and those of the calls of each AWS function."""
    cloud: Any = recording.cloud
    of_resources = {
        _name(each.request.provider) for each in recording.all_registered if each.type.startswith("aws:")
    }
    return of_resources, {token.rpartition(":")[2]: of_calls for token, of_calls in cloud.providers.items()}


def _name(provider: str) -> str:
    """The name in a reference to a provider, `URN::ID`; empty for the default one."""
    return provider.rpartition("::")[0].rpartition("::")[2]


OURS = {"ours"}


def test_all_resources_and_calls_of_a_stack_use_its_provider(everything: Recording) -> None:
    functions = ("AvailabilityZones", "CallerIdentity", "Image", "Parameter", "Partition", "Region", "Vpc")
    assert providers(everything) == (OURS, {f"get{each}": OURS for each in functions})


def test_a_renamed_resource_has_an_alias(named: Mapping[str, Registered]) -> None:
    found = {
        name: [alias.spec.name for alias in named[name].request.aliases if alias.spec.name]
        for name in FORMER_NAMES
    }
    assert found == FORMER_NAMES


@pytest.mark.parametrize("name", DEPENDENCIES)
def test_a_resource_is_created_after_those_that_it_needs(named: Mapping[str, Registered], name: str) -> None:
    ends = (urn.split("::")[-2:] for urn in named[name].request.dependencies)
    dependencies = {f"{kind.rpartition(':')[2]} {each}" for kind, each in ends}
    assert dependencies >= DEPENDENCIES[name]


@pytest.mark.parametrize("kind", ["Component", "ImageRecipe"])
def test_a_new_version_is_created_before_the_old_one_is_deleted(
    named: Mapping[str, Registered], kind: str
) -> None:
    """By default, the provider deletes a resource with a declared name first."""
    request = named[f"RunnerImage {kind} ci-base"].request
    assert (request.deleteBeforeReplaceDefined, request.deleteBeforeReplace) == (True, False)


def test_the_outputs_of_a_stack(stack: tuple[Recording, dict[str, Any]]) -> None:
    assert stack[1] == OUTPUTS
