"""VPCs, subnets, and gateways.

Source of updates and replacements: the official provider's ``internal/service/ec2/vpc_*.go``.
"""

from typing import Any

from sandbox.providers.aws.ec2_resource import Ec2Resource
from sandbox.providers.aws.resource import REGION, TAGS
from sandbox.standin.properties import Flag, Text
from sandbox.standin.values import Properties

_DNS = ("enableDnsSupport", "enableDnsHostnames")


class Vpc(Ec2Resource):
    """A VPC. Its id is chosen by the service."""

    token = "aws:ec2/vpc:Vpc"
    kind, noun = "vpc", "Vpc"
    gone = ("InvalidVpcID.NotFound",)
    inputs = {
        "cidrBlock": Text(required=True, replaces=True),
        "enableDnsHostnames": Flag(computed=True),
        "enableDnsSupport": Flag(default=True),
        **REGION,
        **TAGS,
    }
    outputs = {
        "arn": Text(),
        "ownerId": Text(),
        "defaultNetworkAclId": Text(),
        "defaultRouteTableId": Text(),
        "defaultSecurityGroupId": Text(),
        "mainRouteTableId": Text(),
    }

    def complete(self, resource_id: str, inputs: Properties) -> None:
        for name in _DNS:
            if name in inputs:
                attribute: Any = {_member(name): {"Value": inputs[name]}}
                self.client.modify_vpc_attribute(VpcId=resource_id, **attribute)

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The current properties of the VPC, with the ids of its default resources."""
        live = super().describe(resource_id, known) or {}
        only = [{"Name": "vpc-id", "Values": [resource_id]}]
        main = [*only, {"Name": "association.main", "Values": ["true"]}]
        table = self.client.describe_route_tables(Filters=main)["RouteTables"][0]["RouteTableId"]
        default = {"Filters": [*only, {"Name": "default", "Values": ["true"]}]}
        named = [*only, {"Name": "group-name", "Values": ["default"]}]
        acl = self.client.describe_network_acls(**default)["NetworkAcls"][0]
        group = self.client.describe_security_groups(Filters=named)["SecurityGroups"][0]
        return {
            **live,
            **{name: vpc_attribute(self.client, resource_id, name) for name in _DNS},
            "defaultNetworkAclId": acl["NetworkAclId"],
            "defaultRouteTableId": table,
            "defaultSecurityGroupId": group["GroupId"],
            "mainRouteTableId": table,
        }

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        self.complete(resource_id, {name: new[name] for name in changed if name in new})


def vpc_attribute(client: Any, vpc: str, name: str) -> bool:
    """An attribute of a VPC, such as ``enableDnsSupport``."""
    return bool(client.describe_vpc_attribute(VpcId=vpc, Attribute=name)[_member(name)]["Value"])


def _member(name: str) -> str:
    return name[0].upper() + name[1:]


class Subnet(Ec2Resource):
    """A subnet. Its id is chosen by the service."""

    token = "aws:ec2/subnet:Subnet"
    kind, noun = "subnet", "Subnet"
    gone = ("InvalidSubnetID.NotFound",)
    inputs = {
        "vpcId": Text(required=True, replaces=True),
        "cidrBlock": Text(required=True, replaces=True),
        "availabilityZone": Text(computed=True, replaces=True),
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text(), "ownerId": Text()}


class InternetGateway(Ec2Resource):
    """An internet gateway. Its id is chosen by the service."""

    token = "aws:ec2/internetGateway:InternetGateway"
    kind, noun = "internet-gateway", "InternetGateway"
    gone = ("InvalidInternetGatewayID.NotFound",)
    inputs = {"vpcId": Text(computed=True), **REGION, **TAGS}
    outputs = {"arn": Text(), "ownerId": Text()}

    def complete(self, resource_id: str, inputs: Properties) -> None:
        if vpc := inputs.get("vpcId"):
            self.client.attach_internet_gateway(InternetGatewayId=resource_id, VpcId=vpc)

    def facts(self, live: dict[str, Any]) -> dict[str, Any]:
        vpc = next((one["VpcId"] for one in live["Attachments"]), None)
        return {"VpcId": vpc, "OwnerId": self.connection.account}

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        self._detach(resource_id, old.get("vpcId"))
        self.complete(resource_id, new)

    def remove(self, resource_id: str, state: Properties) -> None:
        live = self.describe(resource_id, state)
        self._detach(resource_id, live["vpcId"] if live else None)
        super().remove(resource_id, state)

    def _detach(self, gateway: str, vpc: str | None) -> None:
        if vpc:
            self.client.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)


class Eip(Ec2Resource):
    """An Elastic IP address. Its id is the allocation id."""

    token = "aws:ec2/eip:Eip"
    kind = "elastic-ip"
    gone = ("InvalidAllocationID.NotFound", "InvalidAddress.NotFound")
    inputs = {"domain": Text(computed=True, replaces=True, one_of=("vpc",)), **REGION, **TAGS}
    outputs = {"allocationId": Text(), "arn": Text(), "publicIp": Text()}

    def create(self, inputs: Properties) -> str:
        return str(self.client.allocate_address(Domain="vpc", **self.tags(inputs))["AllocationId"])

    def describe(self, resource_id: str, known: Properties) -> Properties:
        live = self.client.describe_addresses(AllocationIds=[resource_id])["Addresses"][0]
        return self.shown({**live, "Arn": self.arn(resource_id)})

    def remove(self, resource_id: str, state: Properties) -> None:
        self.client.release_address(AllocationId=resource_id)


class NatGateway(Ec2Resource):
    """A public NAT gateway. Its id is chosen by the service."""

    token = "aws:ec2/natGateway:NatGateway"
    kind, noun = "natgateway", "NatGateway"
    gone = ("NatGatewayNotFound",)
    inputs = {
        "subnetId": Text(required=True, replaces=True),
        "allocationId": Text(replaces=True),
        **REGION,
        **TAGS,
    }
    outputs = {"networkInterfaceId": Text(), "publicIp": Text()}

    def facts(self, live: dict[str, Any]) -> dict[str, Any]:
        return dict(live["NatGatewayAddresses"][0])
