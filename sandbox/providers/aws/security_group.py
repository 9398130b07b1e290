"""Security groups and their rules.

Source of updates and replacements: the official provider's ``internal/service/ec2``,
``vpc_security_group*.go``.
"""

import time
from collections.abc import Iterator
from typing import Any, ClassVar

from sandbox.providers.aws.ec2_resource import Ec2Resource
from sandbox.providers.aws.resource import REGION, TAGS, error_code, exactly_one, given
from sandbox.providers.aws.shapes import to_api
from sandbox.standin.properties import Failure, Flag, ListOf, Number, Object, SetOf, Text
from sandbox.standin.provider import AutomaticName
from sandbox.standin.values import Properties

# The sources and destinations of a rule: the list in the API's permission, its member, and the property of an
# inline rule.
_FAR_ENDS = (
    ("IpRanges", "CidrIp", "cidrBlocks"),
    ("Ipv6Ranges", "CidrIpv6", "ipv6CidrBlocks"),
    ("PrefixListIds", "PrefixListId", "prefixListIds"),
    ("UserIdGroupPairs", "GroupId", "securityGroups"),
)

_RELEASED_WITHIN = 900
"""The official provider's timeout of the deletion of a group that is in use, in seconds."""

_INLINE_RULE = Object(
    {
        "protocol": Text(required=True),
        "fromPort": Number(required=True),
        "toPort": Number(required=True),
        "cidrBlocks": ListOf(Text()),
        "ipv6CidrBlocks": ListOf(Text()),
        "prefixListIds": ListOf(Text()),
        "securityGroups": SetOf(Text()),
        "self": Flag(default=False),
        "description": Text(),
    }
)


class SecurityGroup(Ec2Resource):
    """A security group. Its id is chosen by the service.

    Its rules are either inline or separate resources: without inline rules, existing rules are not changed.
    """

    token = "aws:ec2/securityGroup:SecurityGroup"
    kind = "security-group"
    gone = ("InvalidGroup.NotFound", "InvalidGroupId.Malformed")
    automatic_name = AutomaticName()
    inputs = {
        "name": Text(replaces=True, service_name="GroupName"),
        "description": Text(default="Managed by Pulumi", replaces=True),
        "vpcId": Text(computed=True, replaces=True),
        "ingress": SetOf(_INLINE_RULE, computed=True),
        "egress": SetOf(_INLINE_RULE, computed=True),
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text(), "ownerId": Text()}

    def create(self, inputs: Properties) -> str:
        return str(self.call("CreateSecurityGroup", inputs, **self.tags(inputs))["GroupId"])

    def complete(self, resource_id: str, inputs: Properties) -> None:
        """Create the rules in place of the default rule for all egress, as the official provider does."""
        for way in _WAYS:
            self._replace(way, resource_id, inputs.get(way) or [])

    def describe(self, resource_id: str, known: Properties) -> Properties:
        live = self._find(resource_id)
        return {
            **self.shown({**live, "Arn": self.arn(resource_id)}),
            "ingress": _inline_rules(live["GroupId"], live["IpPermissions"]),
            "egress": _inline_rules(live["GroupId"], live["IpPermissionsEgress"]),
        }

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        for way in changed & _WAYS.keys():
            self._replace(way, resource_id, new.get(way) or [])

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the group; wait until it is not in use."""
        deadline = time.monotonic() + (self.timeout or _RELEASED_WITHIN)
        while True:
            try:
                self.client.delete_security_group(GroupId=resource_id)
                return
            except Exception as error:
                if error_code(error) != "DependencyViolation" or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def _find(self, group: str) -> Any:
        return self.client.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]

    def _replace(self, way: str, group: str, rules: list[Properties]) -> None:
        """Replace all rules of one direction."""
        if permissions := self._find(group)[_WAYS[way]]:
            revoke = getattr(self.client, f"revoke_security_group_{way}")
            revoke(GroupId=group, IpPermissions=permissions)
        if rules:
            authorize = getattr(self.client, f"authorize_security_group_{way}")
            authorize(GroupId=group, IpPermissions=[_permission(group, rule) for rule in rules])


class DefaultSecurityGroup(SecurityGroup):
    """The default security group of a VPC: existing rules are replaced by the declared ones.

    It exists as long as its VPC; a deletion of the resource does not change it.
    """

    token = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    automatic_name = None  # type: ignore[assignment]
    inputs = {
        "vpcId": Text(computed=True, replaces=True),
        **{name: SecurityGroup.inputs[name] for name in ("ingress", "egress")},
        **REGION,
        **TAGS,
    }
    outputs = {**SecurityGroup.outputs, "name": Text(service_name="GroupName"), "description": Text()}

    def create(self, inputs: Properties) -> str:
        only = {"group-name": "default", **given({"vpc-id": inputs.get("vpcId")})}
        filters = [{"Name": name, "Values": [value]} for name, value in only.items()]
        return str(self.client.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"])

    def complete(self, resource_id: str, inputs: Properties) -> None:
        """Replace the existing rules, and set the tags."""
        super().complete(resource_id, inputs)
        self.retag(resource_id, {}, inputs)

    def remove(self, resource_id: str, state: Properties) -> None:
        """Do nothing: the group is deleted with its VPC."""


_WAYS = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}


def _permission(group: str, rule: Properties) -> dict[str, Any]:
    """An inline rule as the API's IpPermission."""
    everything = rule["protocol"] in ("-1", "all")
    ports = {} if everything else {"FromPort": rule["fromPort"], "ToPort": rule["toPort"]}
    described = given({"Description": rule.get("description")})
    ends = {name: list(rule.get(name) or ()) for _, _, name in _FAR_ENDS}
    if rule.get("self"):
        ends["securityGroups"].append(group)
    return {"IpProtocol": "-1" if everything else rule["protocol"], **ports} | given(
        {listed: [{member: end, **described} for end in ends[name]] for listed, member, name in _FAR_ENDS}
    )


def _inline_rules(group: str, permissions: list[Any]) -> list[Properties]:
    """The API's permissions as inline rules, one for each protocol, port range and description."""
    rules: dict[tuple[Any, ...], Properties] = {}
    for permission in permissions:
        ports = permission.get("FromPort", 0), permission.get("ToPort", 0)
        for listed, member, name in _FAR_ENDS:
            for end in permission.get(listed) or ():
                key = (permission["IpProtocol"], *ports, end.get("Description", ""))
                rule = rules.setdefault(
                    key,
                    given({"protocol": key[0], "description": key[3]})
                    | {"fromPort": key[1], "toPort": key[2], "self": False},
                )
                if end[member] == group:
                    rule["self"] = True
                else:
                    rule.setdefault(name, []).append(end[member])
    return list(rules.values())


class _SecurityGroupRule(Ec2Resource):
    """One rule of a security group. Its id is chosen by the service."""

    kind = "security-group-rule"
    gone = ("InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound", "InvalidGroup.NotFound")
    way: ClassVar[str]
    inputs = {
        "securityGroupId": Text(required=True, replaces=True, service_name="GroupId"),
        "ipProtocol": Text(required=True),
        "fromPort": Number(minimum=-1, maximum=65535),
        "toPort": Number(minimum=-1, maximum=65535),
        "cidrIpv4": Text(),
        "cidrIpv6": Text(),
        "prefixListId": Text(),
        "referencedSecurityGroupId": Text(service_name="ReferencedGroupId"),
        "description": Text(),
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text(), "securityGroupRuleId": Text()}

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        """Exactly one source or destination must be given."""
        yield from exactly_one(inputs, "cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")

    def create(self, inputs: Properties) -> str:
        authorize = getattr(self.client, f"authorize_security_group_{self.way}")
        made = authorize(
            GroupId=inputs["securityGroupId"],
            IpPermissions=[_permission(inputs["securityGroupId"], _as_inline(inputs))],
            **self.tags(inputs),
        )
        return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        found = self.client.describe_security_group_rules(SecurityGroupRuleIds=[resource_id])
        live = next(iter(found["SecurityGroupRules"]), None)
        if live is None:
            return None
        far = (live.get("ReferencedGroupInfo") or {}).get("GroupId")
        ports = {"FromPort": None, "ToPort": None} if live["IpProtocol"] == "-1" else {}
        return self.shown({**live, **ports, "ReferencedGroupId": far, "Arn": self.arn(resource_id)})

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        rules = self.shape("ModifySecurityGroupRules", "SecurityGroupRules").member
        rule = to_api(self.inputs, new, rules.members["SecurityGroupRule"])
        ports = {"FromPort": new.get("fromPort", -1), "ToPort": new.get("toPort", -1)}
        self.client.modify_security_group_rules(
            GroupId=new["securityGroupId"],
            SecurityGroupRules=[{"SecurityGroupRuleId": resource_id, "SecurityGroupRule": {**rule, **ports}}],
        )

    def remove(self, resource_id: str, state: Properties) -> None:
        revoke = getattr(self.client, f"revoke_security_group_{self.way}")
        revoke(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[resource_id])


def _as_inline(rule: Properties) -> Properties:
    inline = {
        "protocol": rule["ipProtocol"],
        "fromPort": rule.get("fromPort", -1),
        "toPort": rule.get("toPort", -1),
        "cidrBlocks": [rule.get("cidrIpv4")],
        "ipv6CidrBlocks": [rule.get("cidrIpv6")],
        "prefixListIds": [rule.get("prefixListId")],
        "securityGroups": [rule.get("referencedSecurityGroupId")],
        "description": rule.get("description"),
    }
    return {name: value for name, value in inline.items() if value != [None]}


class SecurityGroupIngressRule(_SecurityGroupRule):
    """An ingress rule."""

    token = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    way = "ingress"


class SecurityGroupEgressRule(_SecurityGroupRule):
    """An egress rule."""

    token = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    way = "egress"
