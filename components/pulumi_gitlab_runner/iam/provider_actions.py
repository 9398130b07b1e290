"""The IAM actions that the AWS provider needs for each resource type: to create, read, update and delete.

Sources: the permissions of the handlers in AWS's registry schemas (of CloudFormation resource types, in the
package cfn-lint), without those for properties that this library never sets; and the official provider, which
makes more calls to read a resource (hashicorp/terraform-provider-aws, internal/service/SERVICE/*.go).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class On(Enum):
    """The groups of a stack's resources that actions apply to.

    Attributes:
        sid: the `Sid` of the statement.
        service: the service prefix of the actions, such as ``ecr``.
    """

    ALARMS = "Alarms", "cloudwatch"
    BUCKETS = "Buckets", "s3"
    EC2 = "Ec2", "ec2"
    FUNCTIONS = "Functions", "lambda"
    GROUPS = "Groups", "autoscaling"
    IDENTITY_PROVIDER = "IdentityProvider", "iam"
    IMAGE_BUILDER = "ImageBuilder", "imagebuilder"
    KEYS = "Keys", "kms"
    ALIASES = "Aliases", "kms"
    LOG_GROUPS = "LogGroups", "logs"
    OBJECTS = "Objects", "s3"
    PARAMETERS = "Parameters", "ssm"
    POLICIES = "Policies", "iam"
    PROFILES = "Profiles", "iam"
    REGISTRY = "Registry", "ecr"
    REPOSITORIES = "Repositories", "ecr"
    ROLES = "Roles", "iam"
    SCHEDULES = "Schedules", "scheduler"
    SECRETS = "Secrets", "secretsmanager"

    def __init__(self, sid: str, service: str) -> None:
        self.sid = sid
        self.service = service


@dataclass(frozen=True)
class Actions:
    """The actions that the provider needs for a resource type.

    Attributes:
        on: the group of resources, except for the actions in `ANYWHERE`.
        create: the names of the actions, separated by spaces, such as ``CreateRepository TagResource``.
        read: the same, for the read after a creation and an update, and for a refresh.
        update: the same, for an update.
        delete: the same, for a deletion.
        more: additional actions with their service prefix, by the group of resources that they apply to.
    """

    on: On
    create: str
    read: str
    update: str
    delete: str
    more: Mapping[On, str] | None = None

    @property
    def reads(self) -> list[tuple[str, On]]:
        """The actions that read the resource, each with its group of resources."""
        return [(f"{self.on.service}:{name}", self.on) for name in self.read.split()]

    @property
    def all(self) -> list[tuple[str, On]]:
        """All actions, each with its group of resources."""
        own = f"{self.create} {self.read} {self.update} {self.delete}".split()
        more = [(action, on) for on, actions in (self.more or {}).items() for action in actions.split()]
        return [*((f"{self.on.service}:{name}", self.on) for name in own), *more]


ANYWHERE = frozenset(
    {
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeInstanceRefreshes",
        "autoscaling:DescribeLifecycleHooks",
        "autoscaling:DescribeScalingActivities",
        "iam:ListOpenIDConnectProviders",
        "kms:CreateKey",
        "kms:ListAliases",
        "logs:DescribeLogGroups",
        "ssm:DescribeParameters",
        # This one supports resources, but a list by a prefix is not restricted to them.
        "cloudwatch:DescribeAlarms",
    }
)
"""The actions that are allowed on `*`, most of them because they support no resource:
docs.aws.amazon.com/service-authorization/latest/reference."""

_BUCKET_READS = (
    "ListBucket GetAccelerateConfiguration GetBucketAcl GetBucketCORS GetBucketLogging "
    "GetBucketObjectLockConfiguration GetBucketPolicy GetBucketRequestPayment GetBucketVersioning "
    "GetBucketWebsite GetEncryptionConfiguration GetLifecycleConfiguration GetReplicationConfiguration "
    "ListTagsForResource"
)

_TAGGED = "CreateTags"
_RETAGGED = "CreateTags DeleteTags"

PROVIDER_ACTIONS: Mapping[str, Actions] = {
    "aws:autoscaling/group:Group": Actions(
        On.GROUPS,
        create="CreateAutoScalingGroup CreateOrUpdateTags SuspendProcesses",
        read="DescribeAutoScalingGroups",
        update="UpdateAutoScalingGroup CreateOrUpdateTags DeleteTags StartInstanceRefresh "
        "CancelInstanceRefresh DescribeInstanceRefreshes SuspendProcesses ResumeProcesses",
        delete="DescribeScalingActivities DeleteAutoScalingGroup",
        # With a launch template, AWS checks that the caller may launch its instances.
        more={On.EC2: "ec2:RunInstances ec2:CreateTags ec2:DescribeLaunchTemplateVersions"},
    ),
    "aws:autoscaling/lifecycleHook:LifecycleHook": Actions(
        On.GROUPS,
        create="PutLifecycleHook",
        read="DescribeLifecycleHooks",
        update="PutLifecycleHook",
        delete="DeleteLifecycleHook",
    ),
    "aws:cloudwatch/logGroup:LogGroup": Actions(
        On.LOG_GROUPS,
        create="CreateLogGroup PutRetentionPolicy TagResource AssociateKmsKey",
        read="DescribeLogGroups ListTagsForResource",
        update="PutRetentionPolicy DeleteRetentionPolicy TagResource UntagResource AssociateKmsKey "
        "DisassociateKmsKey",
        delete="DeleteLogGroup",
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Actions(
        On.ALARMS,
        create="PutMetricAlarm TagResource",
        read="DescribeAlarms ListTagsForResource",
        update="PutMetricAlarm TagResource UntagResource",
        delete="DeleteAlarms",
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Actions(
        On.EC2,
        # It is created and deleted with its VPC: the provider removes its rules.
        create=f"RevokeSecurityGroupIngress RevokeSecurityGroupEgress {_TAGGED}",
        read="DescribeSecurityGroups",
        update=_RETAGGED,
        delete="",
    ),
    "aws:ec2/eip:Eip": Actions(
        On.EC2,
        create=f"AllocateAddress {_TAGGED}",
        read="DescribeAddresses DescribeAddressesAttribute",
        update=_RETAGGED,
        delete="DisassociateAddress ReleaseAddress",
    ),
    "aws:ec2/flowLog:FlowLog": Actions(
        On.EC2,
        create=f"CreateFlowLogs {_TAGGED}",
        read="DescribeFlowLogs",
        update=_RETAGGED,
        delete="DeleteFlowLogs",
    ),
    "aws:ec2/internetGateway:InternetGateway": Actions(
        On.EC2,
        create=f"CreateInternetGateway AttachInternetGateway {_TAGGED}",
        read="DescribeInternetGateways",
        update=_RETAGGED,
        delete="DetachInternetGateway DeleteInternetGateway",
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": Actions(
        On.EC2,
        create=f"CreateLaunchTemplate {_TAGGED}",
        read="DescribeLaunchTemplates DescribeLaunchTemplateVersions",
        update=f"CreateLaunchTemplateVersion ModifyLaunchTemplate {_RETAGGED}",
        delete="DeleteLaunchTemplate",
    ),
    "aws:ec2/natGateway:NatGateway": Actions(
        On.EC2,
        create=f"CreateNatGateway {_TAGGED}",
        read="DescribeNatGateways",
        update=_RETAGGED,
        delete="DeleteNatGateway",
    ),
    "aws:ec2/route:Route": Actions(
        On.EC2,
        create="CreateRoute",
        read="DescribeRouteTables",
        update="ReplaceRoute",
        delete="DeleteRoute",
    ),
    "aws:ec2/routeTable:RouteTable": Actions(
        On.EC2,
        create=f"CreateRouteTable {_TAGGED}",
        read="DescribeRouteTables",
        update=_RETAGGED,
        delete="DisassociateRouteTable DeleteRouteTable",
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Actions(
        On.EC2,
        create="AssociateRouteTable",
        read="DescribeRouteTables",
        update="ReplaceRouteTableAssociation",
        delete="DisassociateRouteTable",
    ),
    "aws:ec2/securityGroup:SecurityGroup": Actions(
        On.EC2,
        # EC2 adds a rule to a new group that allows all egress, which the provider removes.
        create=f"CreateSecurityGroup RevokeSecurityGroupEgress {_TAGGED}",
        read="DescribeSecurityGroups",
        update=_RETAGGED,
        delete="DescribeNetworkInterfaces DeleteSecurityGroup",
    ),
    "aws:ec2/subnet:Subnet": Actions(
        On.EC2,
        create=f"CreateSubnet ModifySubnetAttribute {_TAGGED}",
        read="DescribeSubnets",
        update=f"ModifySubnetAttribute {_RETAGGED}",
        delete="DescribeNetworkInterfaces DeleteSubnet",
    ),
    "aws:ec2/vpc:Vpc": Actions(
        On.EC2,
        create=f"CreateVpc ModifyVpcAttribute {_TAGGED}",
        read="DescribeVpcs DescribeVpcAttribute DescribeNetworkAcls DescribeRouteTables "
        "DescribeSecurityGroups",
        update=f"ModifyVpcAttribute {_RETAGGED}",
        delete="DeleteVpc",
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Actions(
        On.EC2,
        create=f"CreateVpcEndpoint {_TAGGED}",
        # The provider reads the addresses of an interface endpoint from its network interfaces.
        read="DescribeVpcEndpoints DescribePrefixLists DescribeNetworkInterfaces",
        update=f"ModifyVpcEndpoint {_RETAGGED}",
        delete="DeleteVpcEndpoints",
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Actions(
        On.REPOSITORIES,
        create="PutLifecyclePolicy",
        read="GetLifecyclePolicy",
        update="PutLifecyclePolicy",
        delete="DeleteLifecyclePolicy",
    ),
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": Actions(
        On.REGISTRY,
        create="CreatePullThroughCacheRule",
        read="DescribePullThroughCacheRules",
        update="UpdatePullThroughCacheRule",
        delete="DeletePullThroughCacheRule",
    ),
    "aws:ecr/registryPolicy:RegistryPolicy": Actions(
        On.REGISTRY,
        create="PutRegistryPolicy",
        read="GetRegistryPolicy",
        update="PutRegistryPolicy",
        delete="DeleteRegistryPolicy",
    ),
    "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration": Actions(
        On.REGISTRY,
        create="PutRegistryScanningConfiguration",
        read="GetRegistryScanningConfiguration",
        update="PutRegistryScanningConfiguration",
        delete="PutRegistryScanningConfiguration",
        more={On.REGISTRY: "inspector2:Enable inspector2:Disable inspector2:ListAccountPermissions"},
    ),
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": Actions(
        On.REGISTRY,
        create="PutReplicationConfiguration",
        read="DescribeRegistry",
        update="PutReplicationConfiguration",
        delete="PutReplicationConfiguration",
    ),
    "aws:ecr/repository:Repository": Actions(
        On.REPOSITORIES,
        create="CreateRepository TagResource",
        read="DescribeRepositories ListTagsForResource",
        update="PutImageScanningConfiguration PutImageTagMutability TagResource UntagResource",
        delete="DeleteRepository",
    ),
    "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate": Actions(
        On.REGISTRY,
        create="CreateRepositoryCreationTemplate",
        read="DescribeRepositoryCreationTemplates",
        update="UpdateRepositoryCreationTemplate",
        delete="DeleteRepositoryCreationTemplate",
        # ECR checks that the caller has the permissions for what the template creates.
        more={On.REGISTRY: "ecr:CreateRepository ecr:PutLifecyclePolicy ecr:SetRepositoryPolicy"},
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": Actions(
        On.REPOSITORIES,
        create="SetRepositoryPolicy",
        read="GetRepositoryPolicy",
        update="SetRepositoryPolicy",
        delete="DeleteRepositoryPolicy",
    ),
    "aws:iam/instanceProfile:InstanceProfile": Actions(
        On.PROFILES,
        create="CreateInstanceProfile TagInstanceProfile AddRoleToInstanceProfile",
        read="GetInstanceProfile",
        update="TagInstanceProfile UntagInstanceProfile",
        delete="RemoveRoleFromInstanceProfile DeleteInstanceProfile",
        more={On.ROLES: "iam:GetRole"},
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": Actions(
        On.IDENTITY_PROVIDER,
        create="CreateOpenIDConnectProvider TagOpenIDConnectProvider",
        read="GetOpenIDConnectProvider",
        update="AddClientIDToOpenIDConnectProvider RemoveClientIDFromOpenIDConnectProvider "
        "UpdateOpenIDConnectProviderThumbprint TagOpenIDConnectProvider UntagOpenIDConnectProvider",
        delete="DeleteOpenIDConnectProvider",
    ),
    "aws:iam/policy:Policy": Actions(
        On.POLICIES,
        create="CreatePolicy TagPolicy",
        read="GetPolicy GetPolicyVersion ListPolicyVersions",
        update="CreatePolicyVersion DeletePolicyVersion TagPolicy UntagPolicy",
        delete="DeletePolicyVersion DeletePolicy",
    ),
    "aws:iam/role:Role": Actions(
        On.ROLES,
        create="CreateRole TagRole",
        read="GetRole ListRolePolicies GetRolePolicy ListAttachedRolePolicies",
        update="UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription PutRolePermissionsBoundary "
        "DeleteRolePermissionsBoundary TagRole UntagRole",
        # Policies that others attached are detached as well: `force_detach_policies`.
        delete="ListInstanceProfilesForRole DetachRolePolicy DeleteRolePolicy DeleteRole",
        more={On.PROFILES: "iam:RemoveRoleFromInstanceProfile"},
    ),
    "aws:iam/rolePolicy:RolePolicy": Actions(
        On.ROLES,
        create="PutRolePolicy",
        read="GetRolePolicy",
        update="PutRolePolicy",
        delete="DeleteRolePolicy",
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Actions(
        On.ROLES,
        create="AttachRolePolicy",
        read="ListAttachedRolePolicies",
        update="",
        delete="DetachRolePolicy",
    ),
    "aws:imagebuilder/component:Component": Actions(
        On.IMAGE_BUILDER,
        create="CreateComponent TagResource",
        read="GetComponent",
        update="TagResource UntagResource",
        delete="DeleteComponent",
    ),
    "aws:imagebuilder/distributionConfiguration:DistributionConfiguration": Actions(
        On.IMAGE_BUILDER,
        create="CreateDistributionConfiguration TagResource",
        read="GetDistributionConfiguration",
        update="UpdateDistributionConfiguration TagResource UntagResource",
        delete="DeleteDistributionConfiguration",
        more={On.PARAMETERS: "ssm:GetParameter"},
    ),
    "aws:imagebuilder/imagePipeline:ImagePipeline": Actions(
        On.IMAGE_BUILDER,
        create="CreateImagePipeline TagResource GetImageRecipe GetInfrastructureConfiguration "
        "GetDistributionConfiguration",
        read="GetImagePipeline",
        update="UpdateImagePipeline TagResource UntagResource",
        delete="DeleteImagePipeline",
    ),
    "aws:imagebuilder/imageRecipe:ImageRecipe": Actions(
        On.IMAGE_BUILDER,
        create="CreateImageRecipe TagResource GetComponent",
        read="GetImageRecipe",
        update="TagResource UntagResource",
        delete="DeleteImageRecipe",
        more={On.EC2: "ec2:DescribeImages"},
    ),
    "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration": Actions(
        On.IMAGE_BUILDER,
        create="CreateInfrastructureConfiguration TagResource",
        read="GetInfrastructureConfiguration",
        update="UpdateInfrastructureConfiguration TagResource UntagResource",
        delete="DeleteInfrastructureConfiguration",
        more={On.PROFILES: "iam:GetInstanceProfile", On.ROLES: "iam:GetRole"},
    ),
    "aws:kms/alias:Alias": Actions(
        On.ALIASES,
        create="CreateAlias",
        read="ListAliases",
        update="UpdateAlias",
        delete="DeleteAlias",
    ),
    "aws:kms/key:Key": Actions(
        On.KEYS,
        create="CreateKey EnableKeyRotation PutKeyPolicy TagResource",
        read="DescribeKey GetKeyPolicy GetKeyRotationStatus ListResourceTags",
        update="EnableKey DisableKey EnableKeyRotation DisableKeyRotation PutKeyPolicy UpdateKeyDescription "
        "TagResource UntagResource",
        delete="ScheduleKeyDeletion",
    ),
    "aws:lambda/function:Function": Actions(
        On.FUNCTIONS,
        create="CreateFunction TagResource",
        read="GetFunction GetFunctionCodeSigningConfig ListVersionsByFunction",
        update="UpdateFunctionCode UpdateFunctionConfiguration TagResource UntagResource",
        delete="DeleteFunction",
    ),
    "aws:lambda/invocation:Invocation": Actions(
        On.FUNCTIONS,
        create="InvokeFunction",
        read="",
        update="InvokeFunction",
        delete="InvokeFunction",
    ),
    "aws:s3/bucket:Bucket": Actions(
        On.BUCKETS,
        create="CreateBucket TagResource",
        read=_BUCKET_READS,
        update="TagResource UntagResource",
        # A bucket that is deleted with its content: `force_destroy`.
        delete="ListBucketVersions DeleteBucket",
        more={On.OBJECTS: "s3:DeleteObject s3:DeleteObjectVersion"},
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Actions(
        On.BUCKETS,
        create="PutLifecycleConfiguration",
        read="GetLifecycleConfiguration",
        update="PutLifecycleConfiguration",
        delete="PutLifecycleConfiguration",
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": Actions(
        On.OBJECTS,
        create="PutObject PutObjectTagging",
        read="GetObject GetObjectTagging",
        update="PutObject PutObjectTagging DeleteObjectTagging",
        delete="DeleteObject DeleteObjectVersion",
        more={On.BUCKETS: "s3:ListBucket s3:ListBucketVersions"},
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Actions(
        On.BUCKETS,
        create="PutBucketPolicy",
        read="GetBucketPolicy",
        update="PutBucketPolicy",
        delete="DeleteBucketPolicy",
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Actions(
        On.BUCKETS,
        create="PutBucketPublicAccessBlock",
        read="GetBucketPublicAccessBlock",
        update="PutBucketPublicAccessBlock",
        delete="PutBucketPublicAccessBlock",
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Actions(
        On.BUCKETS,
        create="PutEncryptionConfiguration",
        read="GetEncryptionConfiguration",
        update="PutEncryptionConfiguration",
        delete="PutEncryptionConfiguration",
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Actions(
        On.BUCKETS,
        create="PutBucketVersioning",
        read="GetBucketVersioning",
        update="PutBucketVersioning",
        delete="PutBucketVersioning",
    ),
    "aws:scheduler/schedule:Schedule": Actions(
        On.SCHEDULES,
        create="CreateSchedule",
        read="GetSchedule",
        update="UpdateSchedule",
        delete="DeleteSchedule",
    ),
    "aws:secretsmanager/secret:Secret": Actions(
        On.SECRETS,
        create="CreateSecret TagResource",
        read="DescribeSecret GetResourcePolicy",
        update="UpdateSecret TagResource UntagResource",
        delete="DeleteSecret",
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Actions(
        On.SECRETS,
        create="PutSecretValue",
        read="DescribeSecret GetSecretValue",
        update="PutSecretValue UpdateSecretVersionStage",
        delete="UpdateSecretVersionStage",
    ),
    "aws:ssm/parameter:Parameter": Actions(
        On.PARAMETERS,
        create="PutParameter AddTagsToResource",
        read="DescribeParameters GetParameter GetParameters ListTagsForResource",
        update="PutParameter AddTagsToResource RemoveTagsFromResource",
        delete="DeleteParameter",
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Actions(
        On.EC2,
        create=f"AuthorizeSecurityGroupEgress {_TAGGED}",
        read="DescribeSecurityGroupRules",
        update=f"ModifySecurityGroupRules {_RETAGGED}",
        delete="RevokeSecurityGroupEgress",
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Actions(
        On.EC2,
        create=f"AuthorizeSecurityGroupIngress {_TAGGED}",
        read="DescribeSecurityGroupRules",
        update=f"ModifySecurityGroupRules {_RETAGGED}",
        delete="RevokeSecurityGroupIngress",
    ),
}
"""The actions for each resource type that a stack can register."""

BUCKET_TAGGING = Actions(
    On.BUCKETS,
    create="PutBucketTagging",
    read="GetBucketTagging",
    update="PutBucketTagging",
    delete="",
)
"""The additional actions for a bucket outside the partition `aws`, where S3 may refuse tags at its creation,
and the operations of S3 Control for tags of buckets: the provider's internal/service/s3/tags.go and
bucket.go, `MethodNotAllowed` and `UnsupportedArgument` (hashicorp/terraform-provider-aws#46122)."""
