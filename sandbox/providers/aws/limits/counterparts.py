"""The mapping from the AWS provider's resource types to those of the CloudFormation registry.

The provider's property names follow those of the API: ``roleArn`` is ``RoleArn`` or ``RoleARN``, a list has
an additional ``s``; or a property has a `service_name`. The table lists the exceptions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.providers.aws.limits.schemas import Schema, TypeSchema, type_named, type_schema
from sandbox.providers.aws.shapes import alike
from sandbox.standin.properties import ListOf, Object, Property, below
from sandbox.standin.values import UNKNOWN, Properties

HERE = "."
"""In place of a name: the fields of the object belong to the level of the object itself."""


@dataclass(frozen=True)
class Counterpart:
    """A resource type of the CloudFormation registry.

    - ``type``: its name, if it does not follow from the token.
    - ``below``: the property of the type that contains the inputs; empty for the top level.
    - ``names``: the differing names, by the path of the input without list indices; a name that starts with
      ``/`` is relative to the type, not to ``below``.
    - ``without``: the inputs that the type does not have.
    - ``except_``: constraints, as ``KEYWORD PROPERTY``, that the type has and the API does not.
    - ``nothing``: the input values, by the same paths, that mean that the type's property is not set.
    - ``part``: whether the inputs are only some of the type's, so that none is required.
    """

    type: str = ""
    below: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    except_: frozenset[str] = frozenset()
    nothing: Mapping[str, Any] = field(default_factory=dict)
    part: bool = False


@dataclass(frozen=True)
class Node:
    """The value of a property of the type, and the path of the input that it comes from."""

    value: Any
    path: str


_PROVIDERS_OWN = frozenset({"region", "tagsAll"})
"""The inputs that the provider adds to every type."""


_FILTER = {
    "filter": "ImageTagMutabilityExclusionFilterValue",
    "filterType": "ImageTagMutabilityExclusionFilterType",
}
_EXCLUSIONS = {f"imageTagMutabilityExclusionFilters.{name}": there for name, there in _FILTER.items()}
_FAR_ENDS = {"securityGroupId": "GroupId", "cidrIpv4": "CidrIp"}
_LIFECYCLE_RULES = {
    "rules": "/LifecycleConfiguration/Rules",
    "rules.filter": HERE,
    "rules.expiration": HERE,
    "rules.expiration.days": "ExpirationInDays",
    "rules.expiration.date": "ExpirationDate",
}

_EXCEPTIONS: Mapping[str, Counterpart] = {
    "aws:ecr/repository:Repository": Counterpart(names={"forceDelete": "EmptyOnDelete", **_EXCLUSIONS}),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Counterpart(
        "AWS::ECR::Repository", names={"policy": "/LifecyclePolicy/LifecyclePolicyText"}
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": Counterpart(
        "AWS::ECR::Repository", names={"policy": "RepositoryPolicyText"}
    ),
    "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate": Counterpart(names=_EXCLUSIONS),
    "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration": Counterpart(
        # The API does not require rules.
        except_=frozenset({"required Rules"})
    ),
    "aws:iam/role:Role": Counterpart(without=frozenset({"forceDetachPolicies"})),
    "aws:iam/policy:Policy": Counterpart(
        "AWS::IAM::ManagedPolicy", names={"name": "ManagedPolicyName"}, without=frozenset({"tags"})
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Counterpart(
        "AWS::IAM::Role", names={"policyArn": "ManagedPolicyArns"}, part=True
    ),
    "aws:iam/instanceProfile:InstanceProfile": Counterpart(
        without=frozenset({"tags"}),
        # Only of CloudFormation: API_CreateInstanceProfile has no role.
        except_=frozenset({"required Roles"}),
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": Counterpart("AWS::IAM::OIDCProvider"),
    "aws:kms/key:Key": Counterpart(names={"policy": "KeyPolicy"}),
    "aws:ssm/parameter:Parameter": Counterpart(
        names={"valueWo": "Value"},
        without=frozenset({"keyId", "overwrite", "valueWoVersion"}),
        # CloudFormation does not support SecureString; the API does (API_PutParameter).
        except_=frozenset({"enum Type"}),
    ),
    "aws:s3/bucket:Bucket": Counterpart(names={"bucket": "BucketName"}, without=frozenset({"forceDestroy"})),
    "aws:s3/bucketVersioning:BucketVersioning": Counterpart(
        "AWS::S3::Bucket",
        names={"bucket": "BucketName"},
        without=frozenset({"versioningConfiguration.mfaDelete"}),
        nothing={"versioningConfiguration": {"status": "Disabled"}},
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Counterpart(
        "AWS::S3::Bucket", below="PublicAccessBlockConfiguration", names={"bucket": "/BucketName"}
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Counterpart(
        "AWS::S3::Bucket",
        names={
            "bucket": "BucketName",
            "rules": "/BucketEncryption/ServerSideEncryptionConfiguration",
            "rules.applyServerSideEncryptionByDefault": "ServerSideEncryptionByDefault",
        },
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Counterpart(names={"policy": "PolicyDocument"}),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Counterpart(
        "AWS::S3::Bucket", names={"bucket": "BucketName", **_LIFECYCLE_RULES}
    ),
    "aws:ec2/securityGroup:SecurityGroup": Counterpart(
        names={"name": "GroupName", "description": "GroupDescription"},
        without=frozenset({"ingress", "egress"}),
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Counterpart(
        "AWS::EC2::SecurityGroupIngress",
        names={
            **_FAR_ENDS,
            "prefixListId": "SourcePrefixListId",
            "referencedSecurityGroupId": "SourceSecurityGroupId",
        },
        without=frozenset({"tags"}),
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Counterpart(
        "AWS::EC2::SecurityGroupEgress",
        names={
            **_FAR_ENDS,
            "prefixListId": "DestinationPrefixListId",
            "referencedSecurityGroupId": "DestinationSecurityGroupId",
        },
        without=frozenset({"tags"}),
    ),
    "aws:ec2/internetGateway:InternetGateway": Counterpart(without=frozenset({"vpcId"})),
    "aws:ec2/flowLog:FlowLog": Counterpart(part=True),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Counterpart(
        "AWS::EC2::SubnetRouteTableAssociation"
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": Counterpart(
        below="LaunchTemplateData",
        names={"name": "/LaunchTemplateName", "description": "/VersionDescription"},
        without=frozenset({"updateDefaultVersion", "tags"}),
    ),
    "aws:autoscaling/group:Group": Counterpart(
        "AWS::AutoScaling::AutoScalingGroup",
        names={"name": "AutoScalingGroupName", "initialLifecycleHooks": "LifecycleHookSpecificationList"},
        without=frozenset(
            {
                "suspendedProcesses",
                "instanceRefresh",
                "waitForCapacityTimeout",
                "forceDelete",
                "ignoreFailedScalingActivities",
            }
        ),
        # Only of CloudFormation: API_CreateAutoScalingGroup defaults to the template's default version.
        except_=frozenset({"required Version"}),
    ),
    "aws:cloudwatch/logGroup:LogGroup": Counterpart("AWS::Logs::LogGroup", nothing={"retentionInDays": 0}),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Counterpart("AWS::CloudWatch::Alarm"),
    "aws:sns/topic:Topic": Counterpart(names={"name": "TopicName"}),
    "aws:secretsmanager/secret:Secret": Counterpart(without=frozenset({"recoveryWindowInDays"})),
    "aws:secretsmanager/secretVersion:SecretVersion": Counterpart(
        "AWS::SecretsManager::Secret", without=frozenset({"secretId"})
    ),
}
"""The types of the registry that differ from the provider's in more than the case of their names."""

WITHOUT_COUNTERPART: Mapping[str, str] = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "it comes with its VPC",
    "aws:lambda/invocation:Invocation": "it is a call, not a thing",
    "aws:s3/bucketObjectv2:BucketObjectv2": "CloudFormation makes no objects",
}
"""The types that the registry does not have, and why; `rules` contains their limits."""


def counterpart_of(token: str) -> Counterpart | None:
    """The type of the registry for a type of the provider: ``AWS::EC2::VPC`` for ``aws:ec2/vpc:Vpc``."""
    exception = _EXCEPTIONS.get(token, Counterpart())
    if exception.type or token in WITHOUT_COUNTERPART:
        return exception if exception.type else None
    _, module, name = token.split(":")
    found = type_named(f"AWS::{module.split('/')[0]}::{name}")
    return replace(exception, type=found) if found else None


def in_aws(counterpart: Counterpart, described: Mapping[str, Property], inputs: Properties) -> Node:
    """The inputs of a resource as properties of the registry's type, each with the path of its input."""
    schema = type_schema(counterpart.type)
    root: dict[str, Node] = {}
    place = _reached(root, schema, counterpart.below.split("/") if counterpart.below else [])
    _Translation(counterpart, schema, root).fill(inputs, described, "", "", *place)
    return Node(root, "")


@dataclass(frozen=True)
class _Translation:
    counterpart: Counterpart
    schema: TypeSchema
    root: dict[str, Node]

    def fill(
        self,
        values: Mapping[str, Any],
        described: Mapping[str, Property],
        plain: str,
        path: str,
        place: dict[str, Node],
        schema: Schema,
    ) -> None:
        """Set the properties of the type from inputs; ``plain`` is the path without list indices."""
        for name, value in values.items():
            inner_plain = f"{plain}.{name}" if plain else name
            if self._left_out(inner_plain, name) or value == self.counterpart.nothing.get(inner_plain, ...):
                continue
            inner = below(path, name) if path else name
            renamed = self.counterpart.names.get(inner_plain)
            if renamed == HERE:
                if isinstance(value, Mapping):
                    self.fill(value, _fields(described.get(name)), inner_plain, inner, place, schema)
                continue
            part = described.get(name)
            there, around, key = self._place(renamed, name, part, place, schema)
            if key is not None:
                shape = self.schema.resolved(around["properties"][key])
                there[key] = self._node(value, part, inner_plain, inner, shape)

    def _left_out(self, plain: str, name: str) -> bool:
        return plain in self.counterpart.without or (plain == name and name in _PROVIDERS_OWN)

    def _place(
        self, renamed: str | None, name: str, part: Property | None, place: dict[str, Node], schema: Schema
    ) -> tuple[dict[str, Node], Schema, str | None]:
        if renamed and renamed.startswith("/"):
            *above, key = renamed[1:].split("/")
            return (*_reached(self.root, self.schema, above), key)
        names = schema.get("properties", {})
        own = part.service_name if part else ""
        return place, schema, renamed or (own and alike(own, names)) or alike(name, names)

    def _node(self, value: Any, part: Property | None, plain: str, path: str, schema: Schema) -> Node:
        if value is UNKNOWN:
            return Node(value, path)
        kinds = schema.get("type", ())
        if kinds == "array":
            item = self.schema.resolved(schema.get("items", {}))
            return Node(self._items(value, part, plain, path, item), path)
        if kinds == "object" and isinstance(value, list) and len(value) == 1:
            return self._node(value[0], part, plain, f"{path}[0]", schema)
        if isinstance(value, Mapping):
            place: dict[str, Node] = {}
            if "properties" in schema:
                self.fill(value, _fields(part), plain, path, place, schema)
            else:
                place = {key: Node(each, below(path, key)) for key, each in value.items()}
            return Node(place, path)
        return Node(value, path)

    def _items(self, value: Any, part: Property | None, plain: str, path: str, item: Schema) -> list[Node]:
        """The items of a list property, from a list, a map or a single value."""
        if isinstance(value, list):
            return [
                self._node(each, part, plain, f"{path}[{index}]", item) for index, each in enumerate(value)
            ]
        fields = item.get("properties", {})
        if isinstance(value, Mapping) and "Value" in fields and value.keys() != {"key", "value"}:
            key = "Key" if "Key" in fields else "Name"
            pairs = [(name, each, below(path, name)) for name, each in value.items()]
            return [Node({key: Node(name, at), "Value": Node(each, at)}, at) for name, each, at in pairs]
        return [self._node(value, part, plain, path, item)]


def _reached(root: dict[str, Node], schema: TypeSchema, names: list[str]) -> tuple[dict[str, Node], Schema]:
    """The object at the path `names` of the type, and its schema; created if missing."""
    place, around = root, schema.whole
    for name in names:
        around = schema.resolved(around["properties"][name])
        place = place.setdefault(name, Node({}, "")).value
    return place, around


def _fields(part: Property | None) -> Mapping[str, Property]:
    while isinstance(part, ListOf):
        part = part.item
    return part.fields if isinstance(part, Object) else {}
