"""Patches moto's security groups.

moto deletes a group that an instance uses. For unknown rule ids, its error is that of rules given by their
content. Its modification of a rule requires ports even if the protocol is all, keeps an omitted description,
and drops the source or destination and the description unless it is an IPv4 range.

That an omitted description is removed is documented only for the operations on descriptions
(docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UpdateSecurityGroupRuleDescriptionsIngress.html), not for
`ModifySecurityGroupRules`. The official provider relies on it: it omits what is no longer declared, and reads
the rule back (internal/service/ec2/vpc_security_group_ingress_rule.go). None of its acceptance tests removes
a description.
"""

from collections.abc import Callable
from typing import Any

from moto.ec2.exceptions import DependencyViolationError, InvalidSecurityGroupRuleIdNotFoundError
from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule

from sandbox.services.aws.patching import around

_ALL = "-1"

# moto looks for the description only in the range.
_rule: Any = SecurityGroupRule
_rule.description = property(lambda rule: (rule.source_group | rule.ip_range).get("Description"))


@around(SecurityGroupBackend)
def delete_security_group(
    original: Callable[..., None], backend: Any, name: str | None = None, group_id: str | None = None
) -> None:
    """Refuse a group that an instance uses."""
    for instance in backend.all_instances():
        using = {group.id for group in instance.security_groups}
        if group_id in using and instance.state not in ("terminated", "shutting-down"):
            raise DependencyViolationError(f"resource {group_id} has a dependent object")
    original(backend, name, group_id)


@around(SecurityGroupBackend)
def modify_security_group_rules(
    original: Callable[..., None], backend: Any, group_id: str, rules: dict[str, dict[str, Any]]
) -> None:
    """Replace each rule as a whole."""
    original(
        backend,
        group_id,
        {
            rule_id: {"FromPort": -1, "ToPort": -1, **new} if new.get("IpProtocol") == _ALL else new
            for rule_id, new in rules.items()
        },
    )
    group = backend.get_security_group_by_name_or_id(group_id)
    for rule_id, new in rules.items():
        rule = group.get_rule(rule_id)
        if rule.ip_protocol == _ALL:
            rule.from_port = rule.to_port = None
        described = {"Description": new["Description"]} if "Description" in new else {}
        if far := new.get("ReferencedGroupId"):
            owner = {"OwnerId": backend.account_id, "UserId": backend.account_id}
            rule.source_group = {**owner, "GroupId": far, **described}
            rule.ip_range = {}
        else:
            ends = {"CidrIp": new.get("CidrIpv4"), "CidrIpv6": new.get("CidrIpv6")}
            rule.ip_range = {name: end for name, end in ends.items() if end} | described
            rule.prefix_list_id = new.get("PrefixListId")


@around(SecurityGroupBackend)
def revoke_security_group_ingress(
    original: Callable[..., None], backend: Any, group_name_or_id: str, **named: Any
) -> None:
    """Refuse unknown rule ids as such."""
    _require_known(backend, group_name_or_id, "ingress_rules", named)
    original(backend, group_name_or_id, **named)


@around(SecurityGroupBackend)
def revoke_security_group_egress(
    original: Callable[..., None], backend: Any, group_name_or_id: str, **named: Any
) -> None:
    """Refuse unknown rule ids as such."""
    _require_known(backend, group_name_or_id, "egress_rules", named)
    original(backend, group_name_or_id, **named)


def _require_known(backend: Any, name: str, direction: str, named: dict[str, Any]) -> None:
    group = backend.get_security_group_by_name_or_id(name)
    known = {rule.id for rule in getattr(group, direction)} if group else set()
    for rule_id in named.get("security_rule_ids") or ():
        if group and rule_id not in known:
            raise InvalidSecurityGroupRuleIdNotFoundError(rule_id)
