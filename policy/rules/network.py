"""Security groups."""

from collections.abc import Iterator
from typing import Any

from .rule import Inputs, Rule, texts

GROUP = "aws:ec2/securityGroup:SecurityGroup"
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
ANYWHERE = ("0.0.0.0/0", "::/0")
SOURCES = ("cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6")


def open_ingress(kind: str, inputs: Inputs) -> Iterator[str]:
    """A runner manager requests jobs from GitLab; its host needs no inbound connections."""
    rules: list[Any] = [inputs]
    if kind == GROUP:
        rules = inputs.get("ingress") or []
    elif kind == OLD_RULE and inputs.get("type") != "ingress":
        return
    found = {source for rule in rules for key in SOURCES for source in texts(rule.get(key))}
    for source in sorted(found.intersection(ANYWHERE)):
        yield f"It lets {source} in, which is everybody. Remove the rule, or name the networks that need it."


NO_OPEN_INGRESS = Rule(
    "no-open-ingress",
    "No security group takes connections from everywhere.",
    (GROUP, OLD_RULE, INGRESS_RULE),
    open_ingress,
)
