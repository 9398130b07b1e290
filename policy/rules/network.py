"""Rules for security groups."""

from collections.abc import Iterator
from typing import Any

from .rule import Resource, Rule, Setting, listed, texts

GROUP = "aws:ec2/securityGroup:SecurityGroup"
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
ANYWHERE = ("0.0.0.0/0", "::/0")
SOURCES = ("cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6")

PORTS = "ports"


def open_ingress(resource: Resource) -> Iterator[str]:
    """A runner manager requests jobs from GitLab; its host needs no inbound connections."""
    inputs = resource.inputs
    rules: list[Any] = [inputs]
    if resource.type == GROUP:
        rules = listed(inputs.get("ingress"))
    elif resource.type == OLD_RULE and inputs.get("type") != "ingress":
        return
    seen = set()
    for rule in rules:
        for source in (text for key in SOURCES for text in texts(rule.get(key))):
            if source in ANYWHERE and source not in seen and not _is_allowed(rule, resource):
                seen.add(source)
                yield (
                    f"It allows ingress from {source}, which is everyone. "
                    "Remove the rule, or restrict it to the networks that need it."
                )


def _is_allowed(rule: Any, resource: Resource) -> bool:
    first, last = rule.get("fromPort"), rule.get("toPort")
    return first is not None and first == last and first in resource.settings[PORTS]


NO_OPEN_INGRESS = Rule(
    "no-open-ingress",
    "No security group allows ingress from everywhere.",
    (GROUP, OLD_RULE, INGRESS_RULE),
    open_ingress,
    settings={
        PORTS: Setting(
            {
                "type": "array",
                "items": {"type": "integer"},
                "description": "The ports that may be open to everyone, each in a separate ingress rule.",
            },
            [],
        )
    },
)
