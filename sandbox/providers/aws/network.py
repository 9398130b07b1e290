"""Functions that look up the existing network: Availability Zones, VPCs and subnets."""

from typing import Any, ClassVar

from sandbox.providers.aws.connection import Connection
from sandbox.providers.aws.resource import REGION, tag_map
from sandbox.providers.aws.vpc import vpc_attribute
from sandbox.standin.properties import Flag, ListOf, MapOf, Object, Text
from sandbox.standin.provider import Function, Refused
from sandbox.standin.values import Properties

_FILTERS = {
    "filters": ListOf(Object({"name": Text(required=True), "values": ListOf(Text(), required=True)})),
    "tags": MapOf(Text()),
    **REGION,
}


def _filters(arguments: Properties, **fields: Any) -> dict[str, Any]:
    """The API's filters for ``arguments``; ``fields`` are additional filters by name, left out if empty."""
    filters = [{"Name": one["name"], "Values": one["values"]} for one in arguments.get("filters") or ()]
    filters += [
        {"Name": f"tag:{key}", "Values": [value]} for key, value in (arguments.get("tags") or {}).items()
    ]
    filters += [
        {"Name": name.replace("_", "-"), "Values": [value]} for name, value in fields.items() if value
    ]
    return {"Filters": filters} if filters else {}


class GetVpc(Function[Connection]):
    """The one VPC that matches."""

    token = "aws:ec2/getVpc:getVpc"
    arguments = {"default": Flag(), "id": Text(), "cidrBlock": Text(), "state": Text(), **_FILTERS}

    def call(self, arguments: Properties) -> Properties:
        """The VPC; an error if none matches, or more than one."""
        client = self.connection.client("ec2")
        asked = _filters(
            arguments,
            is_default="true" if arguments.get("default") else None,
            vpc_id=arguments.get("id"),
            cidr=arguments.get("cidrBlock"),
            state=arguments.get("state"),
        )
        found = client.describe_vpcs(**asked)["Vpcs"]
        if len(found) != 1:
            raise Refused(f"{len(found)} VPCs match; ask for exactly one")
        vpc = found[0]
        main = client.describe_route_tables(
            Filters=[
                {"Name": "vpc-id", "Values": [vpc["VpcId"]]},
                {"Name": "association.main", "Values": ["true"]},
            ]
        )["RouteTables"]
        return {
            **arguments,
            "id": vpc["VpcId"],
            "arn": f"arn:{self.connection.partition}:ec2:{self.connection.region}:{vpc['OwnerId']}"
            f":vpc/{vpc['VpcId']}",
            "cidrBlock": vpc["CidrBlock"],
            "cidrBlockAssociations": [
                {
                    "associationId": one["AssociationId"],
                    "cidrBlock": one["CidrBlock"],
                    "state": one["CidrBlockState"]["State"],
                }
                for one in vpc.get("CidrBlockAssociationSet", [])
            ],
            "default": vpc["IsDefault"],
            "dhcpOptionsId": vpc["DhcpOptionsId"],
            "enableDnsHostnames": vpc_attribute(client, vpc["VpcId"], "enableDnsHostnames"),
            "enableDnsSupport": vpc_attribute(client, vpc["VpcId"], "enableDnsSupport"),
            "enableNetworkAddressUsageMetrics": False,
            "instanceTenancy": vpc["InstanceTenancy"],
            "ipv6AssociationId": "",
            "ipv6CidrBlock": "",
            "mainRouteTableId": main[0]["RouteTableId"] if main else "",
            "ownerId": vpc["OwnerId"],
            "region": self.connection.region,
            "state": vpc["State"],
            "tags": tag_map(vpc.get("Tags")),
        }


class Ids(Function[Connection]):
    """The ids of all matching resources; no match is not an error.

    - ``operation``: the operation of the API that lists them.
    - ``listed``, ``identity``: the member of its response with the list, and the member with the id.
    """

    arguments = _FILTERS
    operation: ClassVar[str]
    listed: ClassVar[str]
    identity: ClassVar[str]

    def call(self, arguments: Properties) -> Properties:
        """The ids, in order."""
        pages = self.connection.client("ec2").get_paginator(self.operation).paginate(**_filters(arguments))
        return {
            **arguments,
            "id": self.connection.region,
            "ids": sorted(one[self.identity] for page in pages for one in page[self.listed]),
            "region": self.connection.region,
            "tags": arguments.get("tags") or {},
        }


class GetVpcs(Ids):
    """The ids of VPCs."""

    token = "aws:ec2/getVpcs:getVpcs"
    operation, listed, identity = "describe_vpcs", "Vpcs", "VpcId"


class GetSubnets(Ids):
    """The ids of subnets."""

    token = "aws:ec2/getSubnets:getSubnets"
    operation, listed, identity = "describe_subnets", "Subnets", "SubnetId"


class GetAvailabilityZones(Function[Connection]):
    """The matching Availability Zones of the region."""

    token = "aws:index/getAvailabilityZones:getAvailabilityZones"
    arguments = {"state": Text(), "filters": _FILTERS["filters"], **REGION}

    def call(self, arguments: Properties) -> Properties:
        """The zones, sorted by name."""
        client = self.connection.client("ec2")
        asked = _filters(arguments, state=arguments.get("state"))
        zones = client.describe_availability_zones(**asked)["AvailabilityZones"]
        zones.sort(key=lambda zone: zone["ZoneName"])
        return {
            **arguments,
            "id": self.connection.region,
            "names": [zone["ZoneName"] for zone in zones],
            "zoneIds": [zone["ZoneId"] for zone in zones],
            "groupNames": sorted({zone["GroupName"] for zone in zones if "GroupName" in zone}),
            "region": self.connection.region,
        }
