"""Functions that look up one resource, with the properties of its type; an error if not found.

Source of the results: the official provider's data sources, ``internal/service/*/*_data_source.go``.
"""

from typing import Any, ClassVar

from sandbox.providers.aws import autoscaling, ecr, iam, kms, log_group, security_group
from sandbox.providers.aws.connection import Connection
from sandbox.providers.aws.network import Ids
from sandbox.providers.aws.resource import REGION, AwsResource
from sandbox.standin.properties import Text
from sandbox.standin.provider import Function, Refused
from sandbox.standin.values import Properties


class _LookUp(Function[Connection]):
    """One resource of the type ``kind``, whose id is the argument ``by``, without what is ``left_out``."""

    kind: ClassVar[type[AwsResource]]
    by: ClassVar[str]
    left_out: ClassVar[tuple[str, ...]] = ("tagsAll",)

    def call(self, arguments: Properties) -> Properties:
        """The resource; an error if not found."""
        return self._found(arguments[self.by])

    def _found(self, resource_id: str) -> Properties:
        found = self.kind(self.connection).read(resource_id, {})
        if found is None:
            raise Refused(f"reading {self.kind.token}: {resource_id} is not there")
        return {"id": resource_id, **{key: each for key, each in found.items() if key not in self.left_out}}


class GetRepository(_LookUp):
    """A repository by its name."""

    token = "aws:ecr/getRepository:getRepository"
    arguments = {"name": Text(required=True), "registryId": Text(), **REGION}
    kind = ecr.Repository
    by = "name"
    left_out = ("tagsAll", "imageScanningConfiguration", "forceDelete")


class GetPullThroughCacheRule(_LookUp):
    """A pull-through cache rule by its prefix."""

    token = "aws:ecr/getPullThroughCacheRule:getPullThroughCacheRule"
    arguments = {"ecrRepositoryPrefix": Text(required=True), **REGION}
    kind = ecr.PullThroughCacheRule
    by = "ecrRepositoryPrefix"


class GetAlias(_LookUp):
    """An alias of a key by its name."""

    token = "aws:kms/getAlias:getAlias"
    arguments = {"name": Text(required=True), **REGION}
    kind = kms.Alias
    by = "name"


class GetLogGroup(_LookUp):
    """A log group by its name."""

    token = "aws:cloudwatch/getLogGroup:getLogGroup"
    arguments = {"name": Text(required=True), **REGION}
    kind = log_group.LogGroup
    by = "name"


class GetGroup(_LookUp):
    """An Auto Scaling group by its name."""

    token = "aws:autoscaling/getGroup:getGroup"
    arguments = {"name": Text(required=True), **REGION}
    kind = autoscaling.Group
    by = "name"

    def call(self, arguments: Properties) -> Properties:
        """The group's name, id, ARN, region and tags; an error if not found."""
        found = super().call(arguments)
        return {key: found[key] for key in ("id", "name", "arn", "region", "tags")}


class GetOpenIdConnectProvider(_LookUp):
    """An OpenID Connect provider by its ARN or its URL."""

    token = "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider"
    arguments = {"arn": Text(), "url": Text()}
    kind = iam.OpenIdConnectProvider

    def call(self, arguments: Properties) -> Properties:
        """The provider; an error if not found."""
        if arn := arguments.get("arn"):
            return self._found(arn)
        address = arguments.get("url", "").removeprefix("https://")
        listed = self.connection.client("iam").list_open_id_connect_providers()
        for each in listed["OpenIDConnectProviderList"]:
            if each["Arn"].partition(":oidc-provider/")[2] == address:
                return self._found(each["Arn"])
        raise Refused(f"finding IAM OIDC Provider by url ({address}): not found")


class GetSecurityGroupRules(Ids):
    """The ids of rules of security groups."""

    token = "aws:vpc/getSecurityGroupRules:getSecurityGroupRules"
    operation, listed = "describe_security_group_rules", "SecurityGroupRules"
    identity = "SecurityGroupRuleId"


class GetSecurityGroupRule(_LookUp):
    """A rule of a security group by its id."""

    token = "aws:vpc/getSecurityGroupRule:getSecurityGroupRule"
    arguments = {"securityGroupRuleId": Text(required=True), **REGION}
    kind = security_group.SecurityGroupEgressRule
    by = "securityGroupRuleId"

    def call(self, arguments: Properties) -> Properties:
        """The rule, and whether it is for egress; missing ports are -1."""
        found: dict[str, Any] = super().call(arguments)
        rules = self.connection.client("ec2").describe_security_group_rules(
            SecurityGroupRuleIds=[found["id"]]
        )
        for port in ("fromPort", "toPort"):
            if found[port] is None:
                found[port] = -1
        return {**found, "isEgress": rules["SecurityGroupRules"][0]["IsEgress"]}
