"""The policies of a stack's pipeline roles, with exactly the permissions that the declared stack needs.

There are three roles: for a preview, which reads the state and what the program looks up; for drift
detection, which reads the state and all resources; for a deployment, which creates them. The policies are
restricted to the names that the stack gives its resources, and for EC2 resources, whose ARNs contain no
names, to the region.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_gitlab_runner.iam.job_role import PUSH_ACTIONS, pulled_by, token_trust_policy
from pulumi_gitlab_runner.iam.policy import Statement, allow, policy_document
from pulumi_gitlab_runner.iam.provider_actions import ANYWHERE, BUCKET_TAGGING, PROVIDER_ACTIONS, On
from pulumi_gitlab_runner.iam.pull import DESCRIBE_ACTIONS, PULL_ACTIONS
from pulumi_gitlab_runner.iam.quotas import MANAGED_POLICY, TRUST_POLICY
from pulumi_gitlab_runner.iam.repository_policies import division
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.hosted_auth import keeps_secrets
from pulumi_gitlab_runner.spec.inputs import known, substituted
from pulumi_gitlab_runner.spec.managers import Manager
from pulumi_gitlab_runner.spec.pipeline_roles import PulumiState
from pulumi_gitlab_runner.spec.registries import EcrRegistry, PullThroughRegistry
from pulumi_gitlab_runner.spec.stack import Stack

_MOST_REPOSITORIES = 50
"""The maximum number of repositories that are listed by name; more are listed by their prefixes."""


@dataclass(frozen=True)
class StackNames:
    """The names from which those of a deployed stack's resources are derived.

    Attributes:
        project: the Pulumi project.
        stack: the Pulumi stack.
        component: the resource name of the `RunnerStack`.
        environment: the AWS environment of the stack.
    """

    project: str
    stack: str
    component: str
    environment: AwsEnvironment


@dataclass(frozen=True)
class PipelineStatements:
    """The statements of each role."""

    preview: tuple[Statement, ...]
    drift: tuple[Statement, ...]
    deploy: tuple[Statement, ...]


def pipeline_statements(stack: Stack, names: StackNames) -> PipelineStatements:
    """The statements of a pipeline's roles, except those for the state.

    Args:
        stack: the declaration that the pipeline deploys. An unknown value is replaced by `*`.
        names: the names from which those of the stack's resources are derived.
    """
    stack = substituted(stack, lambda _: "*")
    arns = _Arns(stack, names)
    types = [PROVIDER_ACTIONS[each] for each in sorted(registered_types(stack))]
    if names.environment.partition != "aws" and PROVIDER_ACTIONS["aws:s3/bucket:Bucket"] in types:
        types.append(BUCKET_TAGGING)
    reads = [pair for each in types for pair in each.reads]
    everything = [pair for each in types for pair in each.all] + _possibly_existing(stack)
    look_ups = tuple(_look_ups(stack, names))
    copied = tuple(_pushed(stack, names.environment, push=False))
    stored = "aws:ssm/parameter:Parameter" in registered_types(stack)
    return PipelineStatements(
        preview=(*look_ups, *copied, *_grouped(_possibly_existing(stack), arns)),
        # A refresh does not run the program.
        drift=(*copied, *_grouped(reads, arns), *_parameter_key(names, stored, write=False)),
        deploy=(
            *look_ups,
            *_pushed(stack, names.environment, push=True),
            *_grouped(everything, arns),
            *_parameter_key(names, stored, write=True),
            *_passed_roles(stack, arns),
            *_images_at_launch(stack, names.environment),
            *_repository_keys(stack, names.environment),
        ),
    )


def pipeline_trust_policy(provider_arn: str, audience: str, subjects: Sequence[str], path: str = "") -> str:
    """The trust policy of a role for pipeline jobs with an ID token of GitLab.

    Args:
        provider_arn: the ARN of the OpenID Connect provider, which ends with `:oidc-provider/` and its name.
        audience: the required audience of the token.
        subjects: the patterns of the token's subject, one for each branch.
        path: the pipeline's path in the declaration.

    Raises:
        DeclarationError: the policy is larger than IAM allows.
    """
    subject = f"{provider_arn.partition(':oidc-provider/')[2]}:sub"
    document = token_trust_policy(provider_arn, audience, {"StringLike": {subject: sorted(subjects)}})
    return TRUST_POLICY.checked(document, path, "fewer branches, or a pattern for several, such as release/*")


def registered_types(stack: Stack) -> frozenset[str]:
    """The types of the AWS resources that a `RunnerStack` registers for a declaration."""
    return frozenset(f"aws:{each}" for each in _types(stack))


_ROOM = MANAGED_POLICY.characters - len('{"Version":"2012-10-17","Statement":[]}')
"""The number of characters for the statements of a managed policy, each with a comma."""


def packed(statements: Iterable[Statement]) -> list[str]:
    """Managed policies with the statements, as few as their order allows; long lists of ARNs are split.

    Args:
        statements: the statements, in the order of the policies.
    """
    policies: list[list[Statement]] = []
    room = 0
    for statement in (part for each in statements for part in _cut(each)):
        length = _length(statement) + 1
        if length > room:
            policies.append([])
            room = _ROOM
        policies[-1].append(statement)
        room -= length
    return [policy_document(each) for each in policies]


def _cut(statement: Statement) -> Iterator[Statement]:
    """The statement, split into parts that fit into a policy."""
    resources = list(statement["Resource"])
    if _length(statement) < _ROOM or len(resources) == 1:
        yield statement
        return
    half = len(resources) // 2
    for part, suffix in ((resources[:half], "A"), (resources[half:], "B")):
        yield from _cut({**statement, "Sid": statement["Sid"] + suffix, "Resource": part})


def _length(statement: Statement) -> int:
    return len(json.dumps(statement, separators=(",", ":")))


def _types(stack: Stack) -> Iterator[str]:
    """The types of the AWS resources, without the package name `aws`."""
    yield from _registry_types(stack)
    if stack.network:
        yield from _NETWORK
        if stack.network.flow_logs:
            yield from (*_ROLE, "cloudwatch/logGroup:LogGroup", "ec2/flowLog:FlowLog")
        if stack.network.endpoints:
            yield "ec2/securityGroup:SecurityGroup"
            yield "vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    if _stores(stack):
        yield from (*_BUCKET, "kms/key:Key", "kms/alias:Alias", "s3/bucketVersioning:BucketVersioning")
    if stack.managers and stack.cache:
        yield from _BUCKET
        yield "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    for manager in _in_ec2(stack):
        yield from _manager_types(manager)
    if _divides_repositories(stack):
        yield "iam/policy:Policy"
        yield "iam/rolePolicyAttachment:RolePolicyAttachment"
    if stack.machine_images:
        yield from _MACHINE_IMAGE
    for auth in stack.hosted_auth.values():
        yield from _HOSTED_AUTH
        if auth.own_token is not None or any(each.login for each in stack.registries_of(auth).values()):
            yield "ssm/parameter:Parameter"
        if auth.alarm_topic is not None:
            yield "cloudwatch/metricAlarm:MetricAlarm"
    for role in stack.job_roles.values():
        yield from _ROLE
        if role.identity_provider is None:
            yield "iam/openIdConnectProvider:OpenIdConnectProvider"


def _registry_types(stack: Stack) -> Iterator[str]:
    for registry in stack.registries.values():
        if isinstance(registry, EcrRegistry) and registry.created and registry.repositories:
            yield "ecr/repository:Repository"
            if not all(each.adopt for each in registry.repositories.values()):
                yield "ecr/lifecyclePolicy:LifecyclePolicy"
                if registry.allow_pull:
                    yield "ecr/repositoryPolicy:RepositoryPolicy"
        elif isinstance(registry, PullThroughRegistry):
            yield "ecr/pullThroughCacheRule:PullThroughCacheRule"
            if registry.upstream_login:
                yield "secretsmanager/secret:Secret"
                yield "secretsmanager/secretVersion:SecretVersion"
    for settings in stack.ecr_settings.values():
        if settings.replicate_to:
            yield "ecr/replicationConfiguration:ReplicationConfiguration"
        if settings.replicate_from:
            yield "ecr/registryPolicy:RegistryPolicy"
        if settings.scanning:
            yield "ecr/registryScanningConfiguration:RegistryScanningConfiguration"
        if settings.creation_templates:
            yield "ecr/repositoryCreationTemplate:RepositoryCreationTemplate"
        if any(each.needs_role for each in settings.creation_templates.values()):
            yield from _ROLE


def _divides_repositories(stack: Stack) -> bool:
    """Whether a role has managed policies, because its repositories do not fit into its inline policy."""
    pulled = [
        *(stack.registries_of(each).values() for each in _in_ec2(stack)),
        *(stack.registries_of(each).values() for each in stack.hosted_auth.values()),
        *(pulled_by(each, stack.registries) for each in stack.job_roles.values()),
    ]
    return any(division(registries, further=0, path="stack").managed for registries in pulled)


def _manager_types(manager: Manager) -> Iterator[str]:
    host = manager.host
    yield from _HOST
    if host.policies:
        yield "iam/rolePolicyAttachment:RolePolicyAttachment"
    if host.logs:
        yield "cloudwatch/logGroup:LogGroup"
    if host.alarm_topic is not None:
        yield "cloudwatch/metricAlarm:MetricAlarm"
    if manager.fleet or host.metrics == "vpc":
        yield "vpc/securityGroupIngressRule:SecurityGroupIngressRule"


_ROLE = ("iam/role:Role", "iam/rolePolicy:RolePolicy")
_BUCKET = (
    "s3/bucket:Bucket",
    "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "s3/bucketPolicy:BucketPolicy",
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
)
_HOST = (
    *_ROLE,
    "autoscaling/group:Group",
    "autoscaling/lifecycleHook:LifecycleHook",
    "ec2/launchTemplate:LaunchTemplate",
    "ec2/securityGroup:SecurityGroup",
    "iam/instanceProfile:InstanceProfile",
    "s3/bucketObjectv2:BucketObjectv2",
    "ssm/parameter:Parameter",
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule",
)
_HOSTED_AUTH = (
    *_ROLE,
    "cloudwatch/logGroup:LogGroup",
    "lambda/function:Function",
    "lambda/invocation:Invocation",
    "scheduler/schedule:Schedule",
)
_MACHINE_IMAGE = (
    *_ROLE,
    "cloudwatch/logGroup:LogGroup",
    "ec2/securityGroup:SecurityGroup",
    "iam/instanceProfile:InstanceProfile",
    "imagebuilder/component:Component",
    "imagebuilder/distributionConfiguration:DistributionConfiguration",
    "imagebuilder/imagePipeline:ImagePipeline",
    "imagebuilder/imageRecipe:ImageRecipe",
    "imagebuilder/infrastructureConfiguration:InfrastructureConfiguration",
    "ssm/parameter:Parameter",
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule",
)
_NETWORK = (
    "ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "ec2/eip:Eip",
    "ec2/internetGateway:InternetGateway",
    "ec2/natGateway:NatGateway",
    "ec2/route:Route",
    "ec2/routeTable:RouteTable",
    "ec2/routeTableAssociation:RouteTableAssociation",
    "ec2/subnet:Subnet",
    "ec2/vpc:Vpc",
    "ec2/vpcEndpoint:VpcEndpoint",
)


def _in_ec2(stack: Stack) -> list[Manager]:
    return [each for each in stack.managers.values() if each.host.docker is None]


def _stores(stack: Stack) -> bool:
    """Whether a stack has a host store: an S3 bucket for files, and a KMS key for secrets."""
    return bool(_in_ec2(stack)) or any(
        keeps_secrets(each, stack.registries) for each in stack.hosted_auth.values()
    )


class _Arns:
    """The ARN patterns of a stack's resources; Pulumi appends a hyphen and random digits to most names."""

    def __init__(self, stack: Stack, names: StackNames) -> None:
        at = names.environment
        name = names.component
        s3, iam = f"arn:{at.partition}:s3::", f"arn:{at.partition}:iam::{at.account}"
        path = f"{names.project}/{names.stack}"
        # The names of Image Builder's resources and log groups.
        dashed = path.replace("/", "-").replace(".", "-").lower()
        builder = bool(stack.machine_images)
        repositories = [
            arn
            for each in stack.registries.values()
            if isinstance(each, EcrRegistry) and each.created
            for arn in each.repository_arns(at)
        ]
        self.of: dict[On, list[str]] = {
            On.ALARMS: [at.arn("cloudwatch", f"alarm:{name}-*")],
            On.ALIASES: [at.arn("kms", f"alias/{path.replace('.', '-')}/*"), at.arn("kms", "key/*")],
            On.BUCKETS: [f"{s3}:{name.lower()}-*"],
            On.EC2: ["*"],
            On.FUNCTIONS: [at.arn("lambda", f"function:{name}-*")],
            On.GROUPS: [
                at.arn("autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{each}-*")
                for each in (name, path.replace("/", "-"))
            ],
            On.IDENTITY_PROVIDER: [f"{iam}:oidc-provider/{each}" for each in _issuers(stack)],
            On.IMAGE_BUILDER: [at.arn("imagebuilder", f"*/{dashed}-*")],
            On.KEYS: [at.arn("kms", "key/*")],
            On.LOG_GROUPS: [
                at.arn("logs", f"log-group:/{path}/*"),
                *([at.arn("logs", f"log-group:/aws/imagebuilder/{dashed}-*")] if builder else []),
            ],
            On.OBJECTS: [f"{s3}:{name.lower()}-*/*"],
            On.PARAMETERS: [
                at.arn("ssm", f"parameter/{path}/*"),
                *([at.arn("ssm", f"parameter/imagebuilder/{path}/*")] if builder else []),
            ],
            On.POLICIES: _with_paths(f"{iam}:policy", name),
            On.PROFILES: _with_paths(f"{iam}:instance-profile", name),
            On.REGISTRY: ["*"],
            On.REPOSITORIES: _by_prefix(repositories),
            On.ROLES: _with_paths(f"{iam}:role", name),
            On.SCHEDULES: [at.arn("scheduler", f"schedule/default/{name}-*")],
            On.SECRETS: [at.arn("secretsmanager", f"secret:ecr-pullthroughcache/{name}-*")],
        }
        self.conditions: dict[On, Mapping[str, Mapping[str, Any]]] = {
            On.EC2: {"StringEquals": {"aws:RequestedRegion": at.region}},
        }
        boundaries = _boundaries(stack)
        self.boundary: Mapping[str, Mapping[str, Any]] | None = (
            {"StringEquals": {"iam:PermissionsBoundary": sorted(boundaries)}} if boundaries else None
        )


def _with_paths(start: str, name: str) -> list[str]:
    """The ARN patterns of IAM resources, for any path: a change of the path replaces the resource."""
    return [f"{start}/{name}-*", f"{start}/*/{name}-*"]


def _issuers(stack: Stack) -> list[str]:
    issuers = {each.issuer for each in stack.job_roles.values() if each.identity_provider is None}
    return sorted(each.partition("://")[2] or "*" for each in issuers)


def _by_prefix(arns: Sequence[str]) -> list[str]:
    """The ARNs of repositories; if there are many, patterns with the first segment of their names."""
    if len(arns) <= _MOST_REPOSITORIES:
        return list(arns)
    return sorted({re.sub(r"(:repository/[^/]+/).*", r"\1*", arn) for arn in arns})


def _boundaries(stack: Stack) -> set[str]:
    """The permissions boundaries of the stack's roles; empty if a role has none, or an unknown one."""
    declared = [
        *(each.host.permissions_boundary for each in _in_ec2(stack)),
        *(each.permissions_boundary for each in stack.hosted_auth.values()),
        *(each.permissions_boundary for each in stack.job_roles.values()),
        *(each.permissions_boundary for each in stack.machine_images.values()),
    ]
    with_templates = any(
        template.needs_role
        for settings in stack.ecr_settings.values()
        for template in settings.creation_templates.values()
    )
    if with_templates or not all(each is not None and known(each) != "*" for each in declared):
        return set()
    return {known(each) for each in declared if each is not None}


_BOUNDED = frozenset(
    {
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
    }
)
"""The actions on roles that the condition key `iam:PermissionsBoundary` restricts:
docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html."""


def _grouped(actions: Sequence[tuple[str, On]], arns: _Arns) -> Iterator[Statement]:
    """One statement for all actions on the same group of resources."""
    anywhere = {action for action, _ in actions} & ANYWHERE
    if anywhere:
        yield allow("Anywhere", sorted(anywhere), ["*"])
    for on in sorted({on for _, on in actions}, key=lambda each: each.sid):
        these = {action for action, its in actions if its is on} - ANYWHERE
        bounded = these & _BOUNDED if on is On.ROLES and arns.boundary else set[str]()
        if these - bounded:
            yield allow(on.sid, sorted(these - bounded), arns.of[on], arns.conditions.get(on))
        if bounded:
            yield allow(f"Bounded{on.sid}", sorted(bounded), arns.of[on], arns.boundary)


def _look_ups(stack: Stack, names: StackNames) -> Iterator[Statement]:
    """The permissions for the look-ups of the program, which a preview makes too.

    Source: hashicorp/terraform-provider-aws, the data sources aws_vpc, aws_vpcs, aws_subnets,
    aws_availability_zones, aws_ecr_image and aws_ssm_parameter.
    """
    at = names.environment
    actions: set[str] = set()
    managers = _in_ec2(stack)
    declared = [each.host.vpc for each in managers] + [each.fleet.vpc for each in managers if each.fleet]
    declared += [each.vpc for each in stack.machine_images.values()]
    default = None in declared and not stack.network
    if default:
        actions.add("ec2:DescribeSubnets")
    # Job networks are checked for an overlap with a VPC that the stack does not create.
    checked = [each.host.vpc for each in managers]
    checked += [each.fleet.vpc for each in managers if each.fleet and each.fleet.job_networks is not None]
    metrics = any(each.host.metrics == "vpc" for each in managers)
    if default or metrics or any(each is not None for each in checked):
        actions |= {"ec2:DescribeVpcs", "ec2:DescribeVpcAttribute", "ec2:DescribeRouteTables"}
    if stack.network:
        actions.add("ec2:DescribeAvailabilityZones")
    if actions:
        yield allow(
            "NetworkOfTheAccount",
            sorted(actions),
            ["*"],
            {"StringEquals": {"aws:RequestedRegion": at.region}},
        )
    if stack.machine_images:
        built = at.arn("ssm", f"parameter/imagebuilder/{names.project}/{names.stack}/*")
        yield allow("NewestImages", ["ssm:GetParameter"], [_public_parameters(at), built])
    access = [
        registry.pull_access(at)
        for name, registry in stack.registries.items()
        if any(name in manager.registries for manager in stack.managers.values())
    ]
    if arns := _by_prefix([arn for each in access for arn in (*each.repositories, *each.cached)]):
        yield allow("Digests", DESCRIBE_ACTIONS, arns)


_FIXED_NAMES = (
    "cloudwatch/logGroup:LogGroup",
    "ecr/pullThroughCacheRule:PullThroughCacheRule",
    "ecr/repository:Repository",
    "iam/openIdConnectProvider:OpenIdConnectProvider",
    "kms/alias:Alias",
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule",
)
"""The types of resources with a fixed name, or unique in a security group: they may exist already."""


def _possibly_existing(stack: Stack) -> list[tuple[str, On]]:
    """The actions that read resources in a preview: adopted ones, and those that may exist already."""
    types = {f"aws:{each}" for each in _FIXED_NAMES} & registered_types(stack)
    reads = [pair for each in sorted(types) for pair in PROVIDER_ACTIONS[each].reads]
    if "aws:kms/alias:Alias" in types:
        reads.append(("kms:DescribeKey", On.KEYS))  # the data source of an alias reads its key
    if "aws:iam/openIdConnectProvider:OpenIdConnectProvider" in types:
        reads.append(("iam:ListOpenIDConnectProviders", On.IDENTITY_PROVIDER))
    if any(each.fleet for each in stack.managers.values()):  # its Auto Scaling group has a fixed name
        reads.append(("autoscaling:DescribeAutoScalingGroups", On.GROUPS))
    return reads


def _pushed(stack: Stack, at: AwsEnvironment, *, push: bool) -> Iterator[Statement]:
    """The permissions to mirror and build images: both push with the credentials that Pulumi uses."""
    targets = {
        *(each.registry for each in stack.mirrors.values()),
        *(each.repository.partition("/")[0] for each in stack.builds.values()),
    }
    arns = _by_prefix(
        [
            arn
            for name in sorted(targets)
            for registry in [stack.registries.get(name)]
            if isinstance(registry, EcrRegistry)
            for arn in registry.repository_arns(at)
        ]
    )
    if arns:
        actions = {*PULL_ACTIONS, *DESCRIBE_ACTIONS, *(PUSH_ACTIONS if push else ())}
        if push:
            actions.add("ecr:BatchDeleteImage")
        yield allow("ImageToken", ["ecr:GetAuthorizationToken"], ["*"])
        yield allow("Images", sorted(actions), arns)


def state_statements(state: PulumiState, partition: str, *, write: bool) -> Iterator[Statement]:
    """The permissions for the state in S3, and for the KMS key of its secrets.

    Source: pulumi.com/docs/iac/concepts/state-and-backends (AWS S3), pulumi.com/docs/iac/concepts/secrets.

    Args:
        state: the location of the state, with all values resolved.
        partition: the partition, such as ``aws``.
        write: whether the role deploys the stack; a preview needs no lock.
    """
    bucket = f"arn:{partition}:s3:::{known(state.bucket)}"
    objects = f"{bucket}/{state.prefix.strip('/')}/*" if state.prefix else f"{bucket}/*"
    yield allow("State", ["s3:ListBucket"], [bucket])
    changes = ["s3:PutObject", "s3:DeleteObject"] if write else []
    yield allow("StateObjects", ["s3:GetObject", *changes], [objects])
    if state.kms_key is not None:
        writing = ["kms:GenerateDataKey"] if write else []
        yield allow("StateKey", ["kms:Decrypt", *writing], [known(state.kms_key)])
    if state.secrets_key is not None:
        writing = ["kms:Encrypt"] if write else []
        yield allow("StateSecrets", ["kms:Decrypt", *writing], [known(state.secrets_key)])


def _parameter_key(names: StackNames, stored: bool, *, write: bool) -> Iterator[Statement]:
    """The permission to use the stack's KMS key through Parameter Store: the provider reads parameters."""
    if stored:
        at = names.environment
        yield allow(
            "ParameterKey",
            ["kms:Decrypt", "kms:Encrypt"] if write else ["kms:Decrypt"],
            [at.arn("kms", "key/*")],
            {"StringEquals": {"kms:ViaService": f"ssm.{at.region}.amazonaws.com"}},
        )


def _passed_roles(stack: Stack, arns: _Arns) -> Iterator[Statement]:
    """The permissions to pass roles to services, and to create service-linked roles."""
    types = registered_types(stack)
    services = [service for each, service in _ASSUMING_SERVICES.items() if f"aws:{each}" in types]
    if services and "aws:iam/role:Role" in types:
        yield allow(
            "PassRole",
            ["iam:PassRole"],
            arns.of[On.ROLES],
            {"StringEquals": {"iam:PassedToService": sorted(services)}},
        )
    linked = [service for each, service in _LINKED_SERVICES.items() if f"aws:{each}" in types]
    if linked:
        partition = arns.of[On.ROLES][0].split(":")[1]
        yield allow(
            "ServiceLinkedRoles",
            ["iam:CreateServiceLinkedRole"],
            [f"arn:{partition}:iam::*:role/aws-service-role/*"],
            {"StringEquals": {"iam:AWSServiceName": sorted(linked)}},
        )


_ASSUMING_SERVICES = {
    "ec2/flowLog:FlowLog": "vpc-flow-logs.amazonaws.com",
    "ecr/repositoryCreationTemplate:RepositoryCreationTemplate": "ecr.amazonaws.com",
    "iam/instanceProfile:InstanceProfile": "ec2.amazonaws.com",
    "lambda/function:Function": "lambda.amazonaws.com",
    "scheduler/schedule:Schedule": "scheduler.amazonaws.com",
}
"""The services that assume a role of the stack, by the resource type that names the role."""
_LINKED_SERVICES = {
    "autoscaling/group:Group": "autoscaling.amazonaws.com",
    "imagebuilder/imagePipeline:ImagePipeline": "imagebuilder.amazonaws.com",
    "ecr/pullThroughCacheRule:PullThroughCacheRule": "pullthroughcache.ecr.amazonaws.com",
    "ecr/registryScanningConfiguration:RegistryScanningConfiguration": "inspector2.amazonaws.com",
    "ecr/replicationConfiguration:ReplicationConfiguration": "replication.ecr.amazonaws.com",
}
"""The services that create a service-linked role at their first use in an account, by resource type."""


def _images_at_launch(stack: Stack, at: AwsEnvironment) -> Iterator[Statement]:
    """The permission to read AWS's public parameters with the newest AMIs, which launch templates refer to.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/using-systems-manager-parameters.html.
    """
    if _in_ec2(stack):
        yield allow("MachineImages", ["ssm:GetParameters"], [_public_parameters(at)])


def _public_parameters(at: AwsEnvironment) -> str:
    return f"arn:{at.partition}:ssm:{at.region}::parameter/aws/service/*"


def _repository_keys(stack: Stack, at: AwsEnvironment) -> Iterator[Statement]:
    """The permission for the KMS keys of repositories: their creator grants ECR the use of the key."""
    keys = [
        each.kms_key
        for registry in stack.registries.values()
        if registry.created
        for each in registry.repositories.values()
        if each.kms_key is not None
    ]
    if keys:
        any_key = f"arn:{at.partition}:kms:*:{at.account}:key/*"
        arns = [any_key if known(each) == "*" else known(each) for each in keys]
        yield allow("RepositoryKeys", ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"], arns)
