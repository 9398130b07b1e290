"""Patches moto's security groups.

moto deletes a group that an instance uses, and refuses to revoke rules whose ids are gone with the error for
rules that are named by their content. A change of a rule asks for ports even where the protocol is all, keeps
a description that is left out, and forgets the far end and the description where that is not a range of IPv4.

That a description which is left out goes is documented of the operations for descriptions alone
(docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UpdateSecurityGroupRuleDescriptionsIngress.html), not of
`ModifySecurityGroupRules`. The official provider relies on it: it leaves out what is no longer declared, and
reads the rule back (internal/service/ec2/vpc_security_group_ingress_rule.go). None of its acceptance tests
removes a description.
"""

from collections.abc import Callable
from typing import Any

_ALL = "-1"


def patch() -> None:
    """Change moto's classes in this process."""
    from moto.ec2.models import security_groups

    rule_class: Any = security_groups.SecurityGroupRule
    rule_class.description = property(_description)
    backend: Any = security_groups.SecurityGroupBackend
    backend.delete_security_group = _not_in_use(backend.delete_security_group)
    backend.modify_security_group_rules = _whole(backend.modify_security_group_rules)
    backend.revoke_security_group_ingress = _of_known_ids(
        backend.revoke_security_group_ingress, "ingress_rules"
    )
    backend.revoke_security_group_egress = _of_known_ids(backend.revoke_security_group_egress, "egress_rules")


def _description(rule: Any) -> str | None:
    """The description, which moto looks for in the range alone."""
    found: str | None = (rule.source_group | rule.ip_range).get("Description")
    return found


def _not_in_use(original: Callable[..., None]) -> Callable[..., None]:
    def delete(backend: Any, name: str | None = None, group_id: str | None = None) -> None:
        from moto.ec2.exceptions import DependencyViolationError

        for instance in backend.all_instances():
            using = {group.id for group in instance.security_groups}
            if group_id in using and instance.state not in ("terminated", "shutting-down"):
                raise DependencyViolationError(f"resource {group_id} has a dependent object")
        original(backend, name, group_id)

    return delete


def _whole(original: Callable[..., None]) -> Callable[..., None]:
    """A change that puts the whole of a rule."""

    def modify(backend: Any, group_id: str, rules: dict[str, dict[str, Any]]) -> None:
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

    return modify


def _of_known_ids(original: Callable[..., None], direction: str) -> Callable[..., None]:
    def revoke(
        backend: Any,
        group_name_or_id: str,
        *arguments: Any,
        security_rule_ids: list[str] | None = None,
        **named: Any,
    ) -> None:
        from moto.ec2.exceptions import InvalidSecurityGroupRuleIdNotFoundError

        group = backend.get_security_group_by_name_or_id(group_name_or_id)
        known = {rule.id for rule in getattr(group, direction)} if group else security_rule_ids or ()
        for rule_id in security_rule_ids or ():
            if rule_id not in known:
                raise InvalidSecurityGroupRuleIdNotFoundError(rule_id)
        original(backend, group_name_or_id, *arguments, security_rule_ids=security_rule_ids, **named)

    return revoke
