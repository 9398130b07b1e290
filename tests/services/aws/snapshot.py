"""A snapshot of the resources in AWS that a stack can create, for comparison."""

import importlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

_USUAL_REGIONS = ("eu-west-1", "us-east-1")

_EVERYWHERE = {
    "role": ("iam", "list_roles", "Roles[].RoleName"),
    "instance profile": ("iam", "list_instance_profiles", "InstanceProfiles[].InstanceProfileName"),
    "identity provider": ("iam", "list_open_id_connect_providers", "OpenIDConnectProviderList[].Arn"),
    "bucket": ("s3", "list_buckets", "Buckets[].Name"),
}
"""Global resources: each kind's service, operation, and JMESPath of its names in the response."""

_HERE = {
    "repository": ("ecr", "describe_repositories", "repositories[].repositoryName"),
    "pull-through cache rule": (
        "ecr",
        "describe_pull_through_cache_rules",
        "pullThroughCacheRules[].ecrRepositoryPrefix",
    ),
    "repository creation template": (
        "ecr",
        "describe_repository_creation_templates",
        "repositoryCreationTemplates[].prefix",
    ),
    "alias": ("kms", "list_aliases", "Aliases[?!starts_with(AliasName, 'alias/aws/')].AliasName"),
    "parameter": ("ssm", "describe_parameters", "Parameters[?!starts_with(Name, '/aws/')].Name"),
    "security group": ("ec2", "describe_security_groups", "SecurityGroups[?GroupName!='default'].GroupId"),
    "launch template": ("ec2", "describe_launch_templates", "LaunchTemplates[].LaunchTemplateName"),
    "instance": (
        "ec2",
        "describe_instances",
        "Reservations[].Instances[] | [?!contains(['terminated', 'shutting-down'], State.Name)].InstanceId",
    ),
    "VPC": ("ec2", "describe_vpcs", "Vpcs[?!IsDefault].VpcId"),
    "subnet": ("ec2", "describe_subnets", "Subnets[?!DefaultForAz].SubnetId"),
    "internet gateway": ("ec2", "describe_internet_gateways", "InternetGateways[].InternetGatewayId"),
    "NAT gateway": ("ec2", "describe_nat_gateways", "NatGateways[?State!='deleted'].NatGatewayId"),
    "address": ("ec2", "describe_addresses", "Addresses[].AllocationId"),
    "route table": ("ec2", "describe_route_tables", "RouteTables[?!(Associations[?Main])].RouteTableId"),
    "flow log": ("ec2", "describe_flow_logs", "FlowLogs[].FlowLogId"),
    "VPC endpoint": ("ec2", "describe_vpc_endpoints", "VpcEndpoints[?State!='deleted'].VpcEndpointId"),
    "Auto Scaling group": (
        "autoscaling",
        "describe_auto_scaling_groups",
        "AutoScalingGroups[].AutoScalingGroupName",
    ),
    "topic": ("sns", "list_topics", "Topics[].TopicArn"),
    "secret": ("secretsmanager", "list_secrets", "SecretList[?!DeletedDate].Name"),
    "log group": ("logs", "describe_log_groups", "logGroups[].logGroupName"),
    "function": ("lambda", "list_functions", "Functions[].FunctionName"),
    "schedule": ("scheduler", "list_schedules", "Schedules[].Arn"),
    "alarm": ("cloudwatch", "describe_alarms", "MetricAlarms[].AlarmName"),
    "image pipeline": ("imagebuilder", "list_image_pipelines", "imagePipelineList[].name"),
    "image recipe": ("imagebuilder", "list_image_recipes", "imageRecipeSummaryList[].arn"),
    "image component": ("imagebuilder", "list_components", "componentVersionList[].arn"),
    "build infrastructure": (
        "imagebuilder",
        "list_infrastructure_configurations",
        "infrastructureConfigurationSummaryList[].name",
    ),
    "image distribution": (
        "imagebuilder",
        "list_distribution_configurations",
        "distributionConfigurationSummaryList[].name",
    ),
}
"""Regional resources, in the same form."""

_BELOW = {
    "role policy": ("role", "RoleName", "iam", "list_role_policies", "PolicyNames[]"),
    "attached policy": (
        "role",
        "RoleName",
        "iam",
        "list_attached_role_policies",
        "AttachedPolicies[].PolicyArn",
    ),
    "object": ("bucket", "Bucket", "s3", "list_object_versions", "Versions[].Key"),
    "lifecycle hook": (
        "Auto Scaling group",
        "AutoScalingGroupName",
        "autoscaling",
        "describe_lifecycle_hooks",
        "LifecycleHooks[].LifecycleHookName",
    ),
}
"""Resources listed for each resource of another kind: that kind, and the argument with its name."""


def snapshot(endpoint: str, regions: Iterable[str] = _USUAL_REGIONS) -> dict[str, list[str]]:
    """The sorted names or ids of all resources that a stack can create, by kind.

    Kinds without resources are left out. Keys pending deletion, terminated instances and resources that AWS
    creates in an account (AWS managed keys, aliases, parameters and default security groups) do not count.
    ``regions`` are the regions to list; a name is prefixed with its region.
    """
    found: dict[str, list[str]] = {}
    everywhere = _Region(endpoint, "us-east-1")
    _add(found, "", everywhere.listed(_EVERYWHERE))
    _add(found, "", {"policy": everywhere.all("iam", "list_policies", "Policies[].Arn", Scope="Local")})
    for name in regions:
        region = _Region(endpoint, name)
        own = {"key": list(region.keys()), "registry": list(region.registry())}
        _add(found, f"{name} ", {**region.listed(_HERE), **own})
    return {kind: sorted(names) for kind, names in sorted(found.items())}


def _add(found: dict[str, list[str]], prefix: str, kinds: Mapping[str, list[str]]) -> None:
    for kind, names in kinds.items():
        if names:
            found.setdefault(kind, []).extend(prefix + name for name in names)


class _Region:
    """The APIs of one region."""

    def __init__(self, endpoint: str, region: str) -> None:
        self._endpoint = endpoint
        self._region = region

    def listed(self, kinds: Mapping[str, tuple[str, str, str]]) -> dict[str, list[str]]:
        """The names of each kind, and of the resources below them."""
        found = {kind: self.all(*asked) for kind, asked in kinds.items()}
        below = {
            kind: [f"{above}/{name}" for above in found[of] for name in self.all(*asked, **{argument: above})]
            for kind, (of, argument, *asked) in _BELOW.items()
            if of in found
        }
        return found | below

    def all(self, service: str, operation: str, names: str, **arguments: Any) -> list[str]:
        """The names in all pages of an operation's response."""
        jmespath = importlib.import_module("jmespath")  # botocore's own; it has no types
        client = self._client(service)
        if client.can_paginate(operation):
            pages = client.get_paginator(operation).paginate(**arguments)
        else:
            pages = [getattr(client, operation)(**arguments)]
        return [name for page in pages for name in jmespath.search(names, page) or ()]

    def keys(self) -> Iterator[str]:
        """The ids of customer managed keys that are not pending deletion."""
        own = self.all("kms", "list_aliases", "Aliases[?starts_with(AliasName, 'alias/aws/')].TargetKeyId")
        for key in self.all("kms", "list_keys", "Keys[].KeyId"):
            state = self._client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
            if key not in own and state != "PendingDeletion":
                yield key

    def registry(self) -> Iterator[str]:
        """The registry settings that differ from the defaults."""
        ecr = self._client("ecr")
        scanning = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
        if scanning != {"scanType": "BASIC", "rules": []}:
            yield "scanning"
        if ecr.describe_registry()["replicationConfiguration"]["rules"]:
            yield "replication"
        try:
            ecr.get_registry_policy()
            yield "policy"
        except ecr.exceptions.RegistryPolicyNotFoundException:
            return

    def _client(self, service: str) -> Any:
        return client_of(self._endpoint, self._region, service)


@cache
def _session() -> Any:
    import botocore.session

    return botocore.session.get_session()


@cache
def client_of(endpoint: str, region: str, service: str) -> Any:
    """The client for ``service``, cached: its creation takes longer than all its requests."""
    return _session().create_client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
    )
