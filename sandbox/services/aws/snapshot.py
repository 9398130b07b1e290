"""What there is in AWS that a stack could have made, to compare before and after."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

_USUAL_REGIONS = ("eu-west-1", "us-east-1")


def snapshot(endpoint: str, regions: Iterable[str] = _USUAL_REGIONS) -> dict[str, list[str]]:
    """The names or ids of everything that a stack could have made, sorted, by kind.

    A kind of which there is none is left out. Keys that await their deletion, instances that are terminated
    and what AWS itself puts into an account (its own keys, aliases, parameters and default security groups)
    do not count. ``regions`` are the ones to look into; a name is preceded by its region.
    """
    found: dict[str, list[str]] = {}
    _add(found, "", _Region(endpoint, "us-east-1").everywhere())
    for region in regions:
        _add(found, f"{region} ", _Region(endpoint, region).here())
    return {kind: sorted(names) for kind, names in sorted(found.items())}


def _add(found: dict[str, list[str]], prefix: str, kinds: dict[str, Sequence[str]]) -> None:
    for kind, names in kinds.items():
        if names:
            found.setdefault(kind, []).extend(prefix + name for name in names)


class _Region:
    """One region, asked over its APIs."""

    def __init__(self, endpoint: str, region: str) -> None:
        self._endpoint = endpoint
        self._region = region

    def everywhere(self) -> dict[str, Sequence[str]]:
        """What belongs to no region."""
        iam, s3 = self._client("iam"), self._client("s3")
        roles = [role["RoleName"] for role in _all(iam, "list_roles", "Roles")]
        buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        return {
            "role": roles,
            "role policy": [
                f"{role}:{name}"
                for role in roles
                for name in _all(iam, "list_role_policies", "PolicyNames", RoleName=role)
            ],
            "attached policy": [
                f"{role}/{policy['PolicyArn']}"
                for role in roles
                for policy in _all(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=role)
            ],
            "policy": [policy["Arn"] for policy in _all(iam, "list_policies", "Policies", Scope="Local")],
            "instance profile": [
                profile["InstanceProfileName"]
                for profile in _all(iam, "list_instance_profiles", "InstanceProfiles")
            ],
            "identity provider": [
                one["Arn"] for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
            ],
            "bucket": buckets,
            "object": [
                f"{bucket}/{version['Key']}"
                for bucket in buckets
                for version in _all(s3, "list_object_versions", "Versions", Bucket=bucket)
            ],
        }

    def here(self) -> dict[str, Sequence[str]]:
        """What belongs to this region."""
        ec2, ecr, kms = self._client("ec2"), self._client("ecr"), self._client("kms")
        reservations = _all(ec2, "describe_instances", "Reservations")
        instances = [instance for reservation in reservations for instance in reservation["Instances"]]
        aliases = _all(kms, "list_aliases", "Aliases")
        reserved = [
            alias.get("TargetKeyId") for alias in aliases if alias["AliasName"].startswith("alias/aws/")
        ]
        return {
            "repository": [
                one["repositoryName"] for one in _all(ecr, "describe_repositories", "repositories")
            ],
            "pull-through cache rule": [
                one["ecrRepositoryPrefix"]
                for one in _all(ecr, "describe_pull_through_cache_rules", "pullThroughCacheRules")
            ],
            "repository creation template": [
                one["prefix"]
                for one in _all(ecr, "describe_repository_creation_templates", "repositoryCreationTemplates")
            ],
            "registry": _registry(ecr),
            "key": [
                key["KeyId"]
                for key in _all(kms, "list_keys", "Keys")
                if key["KeyId"] not in reserved and _is_kept(kms, key["KeyId"])
            ],
            "alias": [
                alias["AliasName"] for alias in aliases if not alias["AliasName"].startswith("alias/aws/")
            ],
            "parameter": [
                parameter["Name"]
                for parameter in _all(self._client("ssm"), "describe_parameters", "Parameters")
                if not parameter["Name"].startswith("/aws/")
            ],
            "security group": [
                group["GroupId"]
                for group in _all(ec2, "describe_security_groups", "SecurityGroups")
                if group["GroupName"] != "default"
            ],
            "launch template": [
                template["LaunchTemplateName"]
                for template in _all(ec2, "describe_launch_templates", "LaunchTemplates")
            ],
            "instance": [
                one["InstanceId"]
                for one in instances
                if one["State"]["Name"] not in ("terminated", "shutting-down")
            ],
            **self._networks(),
            **self._scaling(),
            "topic": [one["TopicArn"] for one in _all(self._client("sns"), "list_topics", "Topics")],
            "secret": [
                one["Name"]
                for one in _all(self._client("secretsmanager"), "list_secrets", "SecretList")
                if "DeletedDate" not in one
            ],
            "log group": [
                one["logGroupName"] for one in _all(self._client("logs"), "describe_log_groups", "logGroups")
            ],
            "function": [
                one["FunctionName"] for one in _all(self._client("lambda"), "list_functions", "Functions")
            ],
            "schedule": [
                one["Arn"] for one in _all(self._client("scheduler"), "list_schedules", "Schedules")
            ],
            **self._machine_images(),
            "alarm": [
                one["AlarmName"]
                for one in _all(self._client("cloudwatch"), "describe_alarms", "MetricAlarms")
            ],
        }

    def _networks(self) -> dict[str, Sequence[str]]:
        ec2 = self._client("ec2")
        vpcs = [vpc["VpcId"] for vpc in _all(ec2, "describe_vpcs", "Vpcs") if not vpc["IsDefault"]]
        gateways = _all(ec2, "describe_internet_gateways", "InternetGateways")
        tables = _all(ec2, "describe_route_tables", "RouteTables")
        return {
            "VPC": vpcs,
            "subnet": [
                one["SubnetId"] for one in _all(ec2, "describe_subnets", "Subnets") if one["VpcId"] in vpcs
            ],
            "internet gateway": [one["InternetGatewayId"] for one in gateways],
            "NAT gateway": [
                one["NatGatewayId"]
                for one in _all(ec2, "describe_nat_gateways", "NatGateways")
                if one["State"] != "deleted"
            ],
            "address": [one["AllocationId"] for one in ec2.describe_addresses()["Addresses"]],
            "route table": [
                one["RouteTableId"]
                for one in tables
                if not any(association.get("Main") for association in one["Associations"])
            ],
            "VPC endpoint": [
                one["VpcEndpointId"]
                for one in _all(ec2, "describe_vpc_endpoints", "VpcEndpoints")
                if one["State"] != "deleted"
            ],
        }

    def _machine_images(self) -> dict[str, Sequence[str]]:
        builder = self._client("imagebuilder")
        return {
            "image pipeline": [
                one["name"] for one in _all(builder, "list_image_pipelines", "imagePipelineList")
            ],
            "image recipe": [
                one["arn"] for one in _all(builder, "list_image_recipes", "imageRecipeSummaryList")
            ],
            "image component": [
                one["arn"] for one in _all(builder, "list_components", "componentVersionList")
            ],
            "build infrastructure": [
                one["name"]
                for one in _all(
                    builder,
                    "list_infrastructure_configurations",
                    "infrastructureConfigurationSummaryList",
                )
            ],
            "image distribution": [
                one["name"]
                for one in _all(
                    builder, "list_distribution_configurations", "distributionConfigurationSummaryList"
                )
            ],
        }

    def _scaling(self) -> dict[str, Sequence[str]]:
        scaling = self._client("autoscaling")
        found = _all(scaling, "describe_auto_scaling_groups", "AutoScalingGroups")
        groups = [group["AutoScalingGroupName"] for group in found]
        return {
            "Auto Scaling group": groups,
            "lifecycle hook": [
                f"{group}/{hook['LifecycleHookName']}"
                for group in groups
                for hook in scaling.describe_lifecycle_hooks(AutoScalingGroupName=group)["LifecycleHooks"]
            ],
            "scheduled action": [
                f"{one['AutoScalingGroupName']}/{one['ScheduledActionName']}"
                for one in _all(scaling, "describe_scheduled_actions", "ScheduledUpdateGroupActions")
            ],
        }

    def _client(self, service: str) -> Any:
        return _client(self._endpoint, self._region, service)


@cache
def _session() -> Any:
    import botocore.session

    return botocore.session.get_session()


@cache
def _client(endpoint: str, region: str, service: str) -> Any:
    """The client for ``service``; to make one takes longer than all its answers."""
    return _session().create_client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",  # noqa: S106 (any key will do)
    )


def _is_kept(kms: Any, key: str) -> bool:
    return bool(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] != "PendingDeletion")


def _registry(ecr: Any) -> list[str]:
    """What is set for the whole registry, other than at first."""
    scanning = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    found = {
        "policy": _registry_policy(ecr),
        "replication": bool(ecr.describe_registry()["replicationConfiguration"]["rules"]),
        "scanning": scanning != {"scanType": "BASIC", "rules": []},
    }
    return [name for name, there in found.items() if there]


def _registry_policy(ecr: Any) -> bool:
    try:
        return bool(ecr.get_registry_policy())
    except ecr.exceptions.RegistryPolicyNotFoundException:
        return False


def _all(client: Any, operation: str, key: str, **arguments: Any) -> list[Any]:
    """Every item below ``key`` in the pages of ``operation``'s answer."""
    pages = client.get_paginator(operation).paginate(**arguments)
    return [item for page in pages for item in page.get(key, [])]
