"""Networks of a stack's own: VPCs, subnets, and their ways out.

Source of what replaces and what is updated: the official provider's ``internal/service/ec2/vpc_*.go``.
"""

from typing import Any

from sandbox.providers.aws.ec2_resource import Ec2Resource
from sandbox.providers.aws.resource import REGION, TAGS, given, tag_map
from sandbox.standin.properties import Flag, Text
from sandbox.standin.values import Properties


class Vpc(Ec2Resource):
    """A VPC. Its id is the one that the service chose."""

    token = "aws:ec2/vpc:Vpc"
    kind = "vpc"
    gone = ("InvalidVpcID.NotFound",)
    inputs = {
        "cidrBlock": Text(required=True, replaces=True),
        "enableDnsHostnames": Flag(computed=True),
        "enableDnsSupport": Flag(default=True),
        "instanceTenancy": Text(default="default", replaces=True, one_of=("default", "dedicated")),
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

    def create(self, inputs: Properties) -> str:
        """Make the VPC."""
        made = self.client.create_vpc(
            CidrBlock=inputs["cidrBlock"], InstanceTenancy=inputs["instanceTenancy"], **self.tags(inputs)
        )
        return str(made["Vpc"]["VpcId"])

    def complete(self, resource_id: str, inputs: Properties) -> None:
        """Set how its DNS works."""
        for name in ("enableDnsSupport", "enableDnsHostnames"):
            if name in inputs:
                self._set(resource_id, name, inputs[name])

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The VPC as it is now."""
        live = self.client.describe_vpcs(VpcIds=[resource_id])["Vpcs"][0]
        only = [{"Name": "vpc-id", "Values": [resource_id]}]
        main = [*only, {"Name": "association.main", "Values": ["true"]}]
        table = self.client.describe_route_tables(Filters=main)["RouteTables"][0]["RouteTableId"]
        default = {"Filters": [*only, {"Name": "default", "Values": ["true"]}]}
        named = [*only, {"Name": "group-name", "Values": ["default"]}]
        acl = self.client.describe_network_acls(**default)["NetworkAcls"][0]
        group = self.client.describe_security_groups(Filters=named)["SecurityGroups"][0]
        return {
            "cidrBlock": live["CidrBlock"],
            "instanceTenancy": live["InstanceTenancy"],
            "enableDnsSupport": self._get(resource_id, "enableDnsSupport"),
            "enableDnsHostnames": self._get(resource_id, "enableDnsHostnames"),
            "tagsAll": tag_map(live.get("Tags")),
            "arn": self.arn(resource_id),
            "ownerId": live["OwnerId"],
            "defaultNetworkAclId": acl["NetworkAclId"],
            "defaultRouteTableId": table,
            "defaultSecurityGroupId": group["GroupId"],
            "mainRouteTableId": table,
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change how its DNS works, and its tags."""
        self.complete(resource_id, {name: new[name] for name in changed if name in new})
        if "tagsAll" in changed:
            self.retag(resource_id, old, new)

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the VPC, which must be empty."""
        self.client.delete_vpc(VpcId=resource_id)

    def _get(self, vpc: str, name: str) -> Any:
        attribute = self.client.describe_vpc_attribute(VpcId=vpc, Attribute=name)
        return attribute[name[0].upper() + name[1:]]["Value"]

    def _set(self, vpc: str, name: str, value: bool) -> None:
        attribute: Any = {name[0].upper() + name[1:]: {"Value": value}}
        self.client.modify_vpc_attribute(VpcId=vpc, **attribute)


class Subnet(Ec2Resource):
    """A subnet. Its id is the one that the service chose."""

    token = "aws:ec2/subnet:Subnet"
    kind = "subnet"
    gone = ("InvalidSubnetID.NotFound",)
    inputs = {
        "vpcId": Text(required=True, replaces=True),
        "cidrBlock": Text(required=True, replaces=True),
        "availabilityZone": Text(computed=True, replaces=True),
        "mapPublicIpOnLaunch": Flag(default=False),
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text(), "ownerId": Text()}

    def create(self, inputs: Properties) -> str:
        """Make the subnet."""
        made = self.client.create_subnet(
            VpcId=inputs["vpcId"],
            CidrBlock=inputs["cidrBlock"],
            **given({"AvailabilityZone": inputs.get("availabilityZone")}),
            **self.tags(inputs),
        )
        return str(made["Subnet"]["SubnetId"])

    def complete(self, resource_id: str, inputs: Properties) -> None:
        """Let its instances have public addresses."""
        if inputs["mapPublicIpOnLaunch"]:
            self._map_addresses(resource_id, True)

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The subnet as it is now."""
        live = self.client.describe_subnets(SubnetIds=[resource_id])["Subnets"][0]
        return {
            "vpcId": live["VpcId"],
            "cidrBlock": live["CidrBlock"],
            "availabilityZone": live["AvailabilityZone"],
            "mapPublicIpOnLaunch": live["MapPublicIpOnLaunch"],
            "tagsAll": tag_map(live.get("Tags")),
            "arn": live["SubnetArn"],
            "ownerId": live["OwnerId"],
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change whether instances have public addresses, and the tags."""
        if "mapPublicIpOnLaunch" in changed:
            self._map_addresses(resource_id, new["mapPublicIpOnLaunch"])
        if "tagsAll" in changed:
            self.retag(resource_id, old, new)

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the subnet."""
        self.client.delete_subnet(SubnetId=resource_id)

    def _map_addresses(self, subnet: str, value: bool) -> None:
        self.client.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": value})


class InternetGateway(Ec2Resource):
    """A way to the internet for a VPC. Its id is the one that the service chose."""

    token = "aws:ec2/internetGateway:InternetGateway"
    kind = "internet-gateway"
    gone = ("InvalidInternetGatewayID.NotFound",)
    inputs = {"vpcId": Text(computed=True), **REGION, **TAGS}
    outputs = {"arn": Text(), "ownerId": Text()}

    def create(self, inputs: Properties) -> str:
        """Make the gateway."""
        made = self.client.create_internet_gateway(**self.tags(inputs))
        return str(made["InternetGateway"]["InternetGatewayId"])

    def complete(self, resource_id: str, inputs: Properties) -> None:
        """Attach it."""
        if vpc := inputs.get("vpcId"):
            self.client.attach_internet_gateway(InternetGatewayId=resource_id, VpcId=vpc)

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The gateway as it is now."""
        found = self.client.describe_internet_gateways(InternetGatewayIds=[resource_id])
        live = found["InternetGateways"][0]
        return {
            "vpcId": next((one["VpcId"] for one in live["Attachments"]), None),
            "tagsAll": tag_map(live.get("Tags")),
            "arn": self.arn(resource_id),
            "ownerId": self.connection.account,
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Move it to another VPC, and change its tags."""
        if "vpcId" in changed:
            self._detach(resource_id, old.get("vpcId"))
            self.complete(resource_id, new)
        if "tagsAll" in changed:
            self.retag(resource_id, old, new)

    def remove(self, resource_id: str, state: Properties) -> None:
        """Detach and delete it."""
        live = self.describe(resource_id, state)
        self._detach(resource_id, live["vpcId"])
        self.client.delete_internet_gateway(InternetGatewayId=resource_id)

    def _detach(self, gateway: str, vpc: str | None) -> None:
        if vpc:
            self.client.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)


class Eip(Ec2Resource):
    """A fixed public address. Its id is that of its allocation."""

    token = "aws:ec2/eip:Eip"
    kind = "elastic-ip"
    gone = ("InvalidAllocationID.NotFound", "InvalidAddress.NotFound")
    inputs = {"domain": Text(computed=True, replaces=True, one_of=("vpc",)), **REGION, **TAGS}
    outputs = {"allocationId": Text(), "arn": Text(), "publicIp": Text()}

    def create(self, inputs: Properties) -> str:
        """Take an address."""
        return str(self.client.allocate_address(Domain="vpc", **self.tags(inputs))["AllocationId"])

    def describe(self, resource_id: str, known: Properties) -> Properties:
        """The address as it is now."""
        live = self.client.describe_addresses(AllocationIds=[resource_id])["Addresses"][0]
        return {
            "domain": live["Domain"],
            "tagsAll": tag_map(live.get("Tags")),
            "allocationId": resource_id,
            "arn": self.arn(resource_id),
            "publicIp": live["PublicIp"],
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change the tags."""
        self.retag(resource_id, old, new)

    def remove(self, resource_id: str, state: Properties) -> None:
        """Give the address back."""
        self.client.release_address(AllocationId=resource_id)


class NatGateway(Ec2Resource):
    """A way out for subnets without public addresses. Its id is the one that the service chose."""

    token = "aws:ec2/natGateway:NatGateway"
    kind = "natgateway"
    gone = ("NatGatewayNotFound",)
    inputs = {
        "subnetId": Text(required=True, replaces=True),
        "allocationId": Text(replaces=True),
        "connectivityType": Text(default="public", replaces=True, one_of=("public", "private")),
        **REGION,
        **TAGS,
    }
    outputs = {"networkInterfaceId": Text(), "publicIp": Text()}

    def create(self, inputs: Properties) -> str:
        """Make the gateway."""
        made = self.client.create_nat_gateway(
            SubnetId=inputs["subnetId"],
            ConnectivityType=inputs["connectivityType"],
            **given({"AllocationId": inputs.get("allocationId")}),
            **self.tags(inputs),
        )
        return str(made["NatGateway"]["NatGatewayId"])

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        """The gateway as it is now."""
        found = self.client.describe_nat_gateways(NatGatewayIds=[resource_id])["NatGateways"]
        live: Any = next((one for one in found if one["State"] not in ("deleting", "deleted")), None)
        if live is None:
            return None
        address = live["NatGatewayAddresses"][0]
        return {
            "subnetId": live["SubnetId"],
            "allocationId": address.get("AllocationId"),
            "connectivityType": live["ConnectivityType"],
            "tagsAll": tag_map(live.get("Tags")),
            "networkInterfaceId": address["NetworkInterfaceId"],
            "publicIp": address.get("PublicIp"),
        }

    def update(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Change the tags."""
        self.retag(resource_id, old, new)

    def remove(self, resource_id: str, state: Properties) -> None:
        """Delete the gateway."""
        self.client.delete_nat_gateway(NatGatewayId=resource_id)
