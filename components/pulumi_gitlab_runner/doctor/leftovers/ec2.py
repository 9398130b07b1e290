"""EC2 resources with the mark of a stack. EC2 returns deleted ones with their tags for up to an hour."""

from collections.abc import Iterator
from typing import Any

from pulumi_gitlab_runner.doctor.leftovers.arn import Arn
from pulumi_gitlab_runner.doctor.leftovers.marked import IMPORTED_BY_PREVIEW, Marked

_KINDS = {
    "vpc": ("aws:ec2/vpc:Vpc", "delete-vpc --vpc-id"),
    "subnet": ("aws:ec2/subnet:Subnet", "delete-subnet --subnet-id"),
    "internet-gateway": (
        "aws:ec2/internetGateway:InternetGateway",
        "delete-internet-gateway --internet-gateway-id",
    ),
    "natgateway": ("aws:ec2/natGateway:NatGateway", "delete-nat-gateway --nat-gateway-id"),
    "elastic-ip": ("aws:ec2/eip:Eip", "release-address --allocation-id"),
    "route-table": ("aws:ec2/routeTable:RouteTable", "delete-route-table --route-table-id"),
    "vpc-endpoint": ("aws:ec2/vpcEndpoint:VpcEndpoint", "delete-vpc-endpoints --vpc-endpoint-ids"),
    "vpc-flow-log": ("aws:ec2/flowLog:FlowLog", "delete-flow-logs --flow-log-ids"),
    "volume": ("", "delete-volume --volume-id"),
    "instance": ("", "terminate-instances --instance-ids"),
}
"""The kinds whose names are in their tags: the type in Pulumi, and the command that deletes one."""
_GOING = ("deleting", "deleted", "shutting-down", "terminated")
"""The states of deleted resources."""


def marked_in_ec2(arn: Arn, ec2: Any) -> Iterator[Marked]:
    """The resource with an ARN, unless it is deleted or goes with another resource."""
    kind, _, number = arn.resource.partition("/")
    if _goes_with_another(kind, number, arn, ec2) or _is_going(kind, number, ec2):
        return
    if kind == "security-group-rule":
        (rule,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=[number])["SecurityGroupRules"]
        yield _rule(arn, rule)
    elif kind == "security-group":
        (group,) = ec2.describe_security_groups(GroupIds=[number])["SecurityGroups"]
        yield arn.marked(
            f"the security group {number} ({group['GroupName']})",
            "aws:ec2/securityGroup:SecurityGroup",
            number,
            "ec2 delete-security-group --group-id",
            name=group["GroupName"],
            parents=("RunnerHost", "RunnerFleet", "RunnerNetwork", "RunnerImage"),
        )
    elif kind == "launch-template":
        (template,) = ec2.describe_launch_templates(LaunchTemplateIds=[number])["LaunchTemplates"]
        yield arn.marked(
            f"the launch template {template['LaunchTemplateName']}",
            "aws:ec2/launchTemplate:LaunchTemplate",
            number,
            "ec2 delete-launch-template --launch-template-id",
            name=template["LaunchTemplateName"],
            parents=("RunnerHost", "RunnerFleet"),
        )
    elif kind in _KINDS:
        type_, delete = _KINDS[kind]
        parents = ("RunnerNetwork",) if type_ else ()
        what, name = f"the {kind.replace('-', ' ')} {number}", arn.tags.get("Name", "")
        yield arn.marked(what, type_, number, f"ec2 {delete}", name=name, parents=parents)
    else:
        yield Marked(arn.whole, "", "", arn.whole)


def _goes_with_another(kind: str, number: str, arn: Arn, ec2: Any) -> bool:
    """Whether it is an instance of an Auto Scaling group, or a volume of an instance."""
    if kind == "volume":
        (volume,) = ec2.describe_volumes(VolumeIds=[number])["Volumes"]
        return bool(volume["State"] != "available")
    return kind == "instance" and "aws:autoscaling:groupName" in arn.tags


def _is_going(kind: str, number: str, ec2: Any) -> bool:
    """Whether a resource is deleted."""
    try:
        if kind == "natgateway":
            states = [
                each["State"] for each in ec2.describe_nat_gateways(NatGatewayIds=[number])["NatGateways"]
            ]
        elif kind == "vpc-endpoint":
            found = ec2.describe_vpc_endpoints(VpcEndpointIds=[number])["VpcEndpoints"]
            states = [each["State"] for each in found]
        elif kind == "instance":
            found = ec2.describe_instances(InstanceIds=[number])["Reservations"]
            states = [each["State"]["Name"] for one in found for each in one["Instances"]]
        else:
            return False
    except ec2.exceptions.ClientError as error:
        if "NotFound" in error.response["Error"]["Code"]:
            return True
        raise
    return all(state.lower() in _GOING for state in states)


def _rule(arn: Arn, rule: dict[str, Any]) -> Marked:
    way = "egress" if rule["IsEgress"] else "ingress"
    number, group = rule["SecurityGroupRuleId"], rule["GroupId"]
    type_ = f"securityGroup{way.capitalize()}Rule:SecurityGroup{way.capitalize()}Rule"
    return arn.marked(
        f"the {way} rule {number} of the security group {group}",
        f"aws:vpc/{type_}",
        number,
        f"ec2 revoke-security-group-{way} --group-id {group} --security-group-rule-ids",
        instead=IMPORTED_BY_PREVIEW if way == "egress" else "",
        goes_with=group,
    )
