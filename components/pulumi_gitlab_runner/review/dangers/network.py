"""Connections that new and changed security group rules allow."""

from pulumi_gitlab_runner.review.dangers.danger import DangerKind, Found, named
from pulumi_gitlab_runner.review.markup import plain
from pulumi_gitlab_runner.review.preview import UNKNOWN, Inputs, Step

_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_ENDS = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
_USUAL = f"tcp|udp|icmp|icmpv6|-?[0-9]{{1,5}}|{named(UNKNOWN)}|{named(None)}"
"""The form of protocols and ports."""
_TRAFFIC = (*_ENDS, "ipProtocol", "fromPort", "toPort")


def network_opened(step: Step) -> Found:
    """New and changed security group rules.

    The egress rules of a new group are no danger: nothing was restricted before. Its ingress rules are.
    """
    if step.type not in (_INGRESS, _EGRESS) or step.operation == "delete":
        return
    of_a_new_group = step.new.get("securityGroupId") == UNKNOWN and not step.old
    if (step.type == _EGRESS and of_a_new_group) or _traffic(step.old) == _traffic(step.new):
        return
    what = "allows inbound connections from" if step.type == _INGRESS else "allows outbound connections to"
    ends = tuple(named(step.new[key]) for key in _ENDS if step.new.get(key))
    yield DangerKind.PROTECTION, ((what, ends), (_ports(step.new), ()))


def _traffic(rule: Inputs) -> list[object]:
    return [rule.get(key) for key in _TRAFFIC]


def _ports(rule: Inputs) -> str:
    protocol, first, last = (
        plain(named(rule.get(key)), _USUAL) for key in ("ipProtocol", "fromPort", "toPort")
    )
    if rule.get("ipProtocol") == "-1":
        return "on all protocols and ports"
    ports = f"port {first}" if first == last else f"ports {first} to {last}"
    return f"on {protocol} {ports}"
