"""The stand-in for the official AWS provider."""

from collections.abc import Iterator
from typing import Any

from sandbox.providers.aws import (
    account,
    autoscaling,
    ecr,
    ecr_creation_template,
    ecr_registry,
    flow_log,
    iam,
    identity_provider,
    image_builder,
    kms,
    lambda_function,
    launch_template,
    lifecycle_hook,
    log_group,
    look_ups,
    metric_alarm,
    network,
    route,
    s3,
    scaling_schedule,
    schedule,
    secret,
    security_group,
    sns,
    ssm,
    vpc,
    vpc_endpoint,
)
from sandbox.providers.aws.connection import Clients, Connection
from sandbox.providers.aws.limits import broken_limits
from sandbox.standin.properties import Failure, Flag, MapOf, Number, Object, Text
from sandbox.standin.provider import Refused, Resource, StandIn
from sandbox.standin.values import UNKNOWN, Properties


class Aws(StandIn[Connection]):
    """The types of ``pulumi-aws`` that the components use, over the AWS APIs at ``AWS_ENDPOINT_URL``."""

    package = "aws"
    version = "7.51.1"
    go_module = "github.com/pulumi/pulumi-aws/sdk/v7/go/aws"
    configuration = {
        "region": Text(),
        "accessKey": Text(secret=True),
        "secretKey": Text(secret=True),
        "token": Text(secret=True),
        "defaultTags": Object({"tags": MapOf(Text())}),
        # What these ask the official provider to leave out, the stand-in never does.
        "maxRetries": Number(),
        "s3UsePathStyle": Flag(),
        "skipCredentialsValidation": Flag(),
        "skipMetadataApiCheck": Flag(),
        "skipRegionValidation": Flag(),
        "skipRequestingAccountId": Flag(),
    }
    resources = (
        ecr.Repository,
        ecr.LifecyclePolicy,
        ecr.RepositoryPolicy,
        ecr.PullThroughCacheRule,
        ecr_creation_template.RepositoryCreationTemplate,
        ecr_registry.ReplicationConfiguration,
        ecr_registry.RegistryScanningConfiguration,
        ecr_registry.RegistryPolicy,
        iam.Role,
        iam.RolePolicy,
        iam.Policy,
        iam.RolePolicyAttachment,
        iam.InstanceProfile,
        identity_provider.OpenIdConnectProvider,
        kms.Key,
        kms.Alias,
        ssm.Parameter,
        s3.Bucket,
        s3.BucketVersioning,
        s3.BucketPublicAccessBlock,
        s3.BucketServerSideEncryptionConfiguration,
        s3.BucketPolicy,
        s3.BucketLifecycleConfiguration,
        s3.BucketObjectv2,
        security_group.SecurityGroup,
        security_group.DefaultSecurityGroup,
        security_group.SecurityGroupIngressRule,
        security_group.SecurityGroupEgressRule,
        vpc.Vpc,
        vpc.Subnet,
        vpc.InternetGateway,
        vpc.Eip,
        vpc.NatGateway,
        route.RouteTable,
        route.Route,
        route.RouteTableAssociation,
        vpc_endpoint.VpcEndpoint,
        flow_log.FlowLog,
        launch_template.LaunchTemplate,
        autoscaling.Group,
        lifecycle_hook.LifecycleHook,
        scaling_schedule.Schedule,
        lambda_function.Function,
        lambda_function.Invocation,
        schedule.Schedule,
        log_group.LogGroup,
        metric_alarm.MetricAlarm,
        image_builder.Component,
        image_builder.ImageRecipe,
        image_builder.InfrastructureConfiguration,
        image_builder.DistributionConfiguration,
        image_builder.ImagePipeline,
        sns.Topic,
        secret.Secret,
        secret.SecretVersion,
    )
    functions = (
        account.GetCallerIdentity,
        account.GetRegion,
        account.GetPartition,
        ecr.GetImage,
        look_ups.GetAlias,
        look_ups.GetGroup,
        look_ups.GetLogGroup,
        look_ups.GetOpenIdConnectProvider,
        look_ups.GetPullThroughCacheRule,
        look_ups.GetRepository,
        look_ups.GetSecurityGroupRule,
        look_ups.GetSecurityGroupRules,
        network.GetAvailabilityZones,
        network.GetVpc,
        network.GetVpcs,
        network.GetSubnets,
        ssm.GetParameter,
    )

    def configure(self, settings: Properties) -> None:
        """Take the provider's configuration."""
        super().configure(settings)
        self._clients = Clients(settings)

    def connect(self, properties: Properties) -> Connection:
        """The connection to the region of a resource, by default the provider's."""
        region = properties.get("region") or self.settings.get("region")
        if not isinstance(region, str):
            raise Refused("no region is known; set aws:region")
        return Connection(self._clients, region, self._default_tags)

    def prepare(self, resource: type[Resource[Any]], inputs: Properties) -> Properties:
        """``inputs`` with the provider's region and default tags, as the official provider fills them in."""
        prepared = dict(inputs)
        if "region" in resource.inputs and "region" in self.settings:
            prepared.setdefault("region", self.settings["region"])
        if "tagsAll" in resource.inputs:
            tags = inputs.get("tags") or {}
            known = tags is not UNKNOWN and self._default_tags is not UNKNOWN
            prepared["tagsAll"] = {**self._default_tags, **tags} if known else UNKNOWN
        return prepared

    def limits(self, resource: type[Resource[Any]], inputs: Properties) -> Iterator[Failure]:
        """What AWS would refuse of ``inputs``; the official provider and AWS find it when it is made."""
        return broken_limits(resource, inputs)

    def explain(self, error: Exception) -> str | None:
        """An error of an AWS API in one line: its code and its message."""
        from botocore.exceptions import BotoCoreError, ClientError

        if isinstance(error, ClientError):
            details = error.response["Error"]
            return f"{details.get('Code', 'Unknown')}: {details.get('Message', '')}"
        return " ".join(str(error).split())[:500] if isinstance(error, BotoCoreError) else None

    @property
    def _default_tags(self) -> Any:
        return (self.settings.get("defaultTags") or {}).get("tags") or {}
