"""Look-ups of existing AWS resources with the name of a resource that is to be created."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.existing import Existing, stack_mark, unless_existing
from pulumi_gitlab_runner.spec.aws_tags import STACK_TAG


def unless_repository(name: str, parent: pulumi.Resource) -> pulumi.ResourceHookBinding | None:
    """The hook of an ECR repository. Arguments as for `unless_existing`."""

    def look_up(inputs: Mapping[str, Any]) -> Existing:
        found = aws.ecr.get_repository(
            name=inputs["name"], region=inputs.get("region"), opts=pulumi.InvokeOptions(parent=parent)
        )
        return Existing(
            f"the ECR repository {found.name}",
            f"{found.name}@{inputs['region']}" if "region" in inputs else found.name,
            _ours(found.tags),
            "declare `adopt: true` for it, which imports it unchanged;",
        )

    return unless_existing("repository", name, look_up, parent)


def unless_identity_provider(name: str, parent: pulumi.Resource) -> pulumi.ResourceHookBinding | None:
    """The hook of an OpenID Connect provider. Arguments as for `unless_existing`."""

    def look_up(inputs: Mapping[str, Any]) -> Existing:
        found = aws.iam.get_open_id_connect_provider(
            url=inputs["url"], opts=pulumi.InvokeOptions(parent=parent)
        )
        return Existing(
            f"the account's OpenID Connect provider for {inputs['url']}",
            found.arn,
            _ours(found.tags),
            f"declare `identity_provider: {found.arn}` for the role, which uses it unchanged;",
        )

    return unless_existing("OpenID Connect provider", name, look_up, parent)


def unless_alias(name: str, parent: pulumi.Resource) -> pulumi.ResourceHookBinding | None:
    """The hook of a KMS key alias whose name contains the stack's. Arguments as for `unless_existing`."""

    def look_up(inputs: Mapping[str, Any]) -> Existing:
        found = aws.kms.get_alias(name=inputs["name"], opts=pulumi.InvokeOptions(parent=parent))
        return Existing(f"the KMS alias {found.name}", found.name, ours=True)

    return unless_existing("alias", name, look_up, parent)


def unless_log_group(name: str, parent: pulumi.Resource) -> pulumi.ResourceHookBinding | None:
    """The hook of a log group. Arguments as for `unless_existing`."""

    def look_up(inputs: Mapping[str, Any]) -> Existing:
        found = aws.cloudwatch.get_log_group(name=inputs["name"], opts=pulumi.InvokeOptions(parent=parent))
        return Existing(f"the log group {found.name}", found.name, _ours(found.tags))

    return unless_existing("log group", name, look_up, parent)


def unless_parameter(name: str, parent: pulumi.Resource) -> pulumi.ResourceHookBinding | None:
    """The hook of a parameter that is created without `overwrite`. Arguments as for `unless_existing`."""

    def look_up(inputs: Mapping[str, Any]) -> Existing:
        opts = pulumi.InvokeOptions(parent=parent)
        found = aws.ssm.get_parameter(name=inputs["name"], with_decryption=False, opts=opts)
        return Existing(f"the parameter {found.name}", found.name, ours=True)

    return unless_existing("parameter", name, look_up, parent)


def unless_group(name: str, parent: pulumi.Resource) -> pulumi.ResourceHookBinding | None:
    """The hook of a fleet's group, whose name contains the stack's. Arguments as for `unless_existing`."""

    def look_up(inputs: Mapping[str, Any]) -> Existing:
        found = aws.autoscaling.get_group(name=inputs["name"], opts=pulumi.InvokeOptions(parent=parent))
        # PROJECT-STACK-HOST is not unique: stack b-c and host d, or stack b and host c-d.
        tags = {each.key: each.value for each in found.tags}
        return Existing(f"the Auto Scaling group {found.name}", inputs["name"], _ours(tags))

    return unless_existing("group", name, look_up, parent)


def unless_cache_rule(name: str, parent: pulumi.Resource) -> pulumi.ResourceHookBinding | None:
    """The hook of a pull-through cache rule. Arguments as for `unless_existing`."""

    def look_up(inputs: Mapping[str, Any]) -> Existing:
        found = aws.ecr.get_pull_through_cache_rule(
            ecr_repository_prefix=inputs["ecrRepositoryPrefix"], opts=pulumi.InvokeOptions(parent=parent)
        )
        prefix = found.ecr_repository_prefix
        return Existing(f"the pull-through cache rule for the prefix {prefix}", prefix)

    return unless_existing("cache rule", name, look_up, parent)


def unless_egress_rule(name: str, parent: pulumi.Resource) -> pulumi.ResourceHookBinding | None:
    """The hook of a security group's egress rule. Arguments as for `unless_existing`.

    AWS refuses a duplicate rule. It adds a rule for all egress to a new group, which an interrupted update
    may leave there.
    """

    def look_up(inputs: Mapping[str, Any]) -> Existing | None:
        group, opts = inputs["securityGroupId"], pulumi.InvokeOptions(parent=parent)
        of_group: aws.vpc.GetSecurityGroupRulesFilterArgsDict = {"name": "group-id", "values": [group]}
        for rule in aws.vpc.get_security_group_rules(filters=[of_group], opts=opts).ids:
            found = aws.vpc.get_security_group_rule(security_group_rule_id=rule, opts=opts)
            same = (found.ip_protocol, found.cidr_ipv4 or None, found.prefix_list_id or None) == (
                inputs["ipProtocol"],
                inputs.get("cidrIpv4"),
                inputs.get("prefixListId"),
            )
            ports = found.ip_protocol == "-1" or (
                (found.from_port, found.to_port) == (inputs["fromPort"], inputs["toPort"])
            )
            if found.is_egress and same and ports:
                return Existing(f"the egress rule {rule} of the security group {group}", rule)
        return None

    return unless_existing("egress rule", name, look_up, parent)


def _ours(tags: Mapping[str, str] | None) -> bool:
    return (tags or {}).get(STACK_TAG) == stack_mark()
