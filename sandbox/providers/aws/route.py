"""Route tables, routes, and the associations of route tables with subnets.

Source of updates and replacements: the official provider's ``internal/service/ec2/vpc_route*.go``.
"""

import zlib
from collections.abc import Iterator
from typing import Any

from sandbox.providers.aws.ec2_resource import Ec2Resource
from sandbox.providers.aws.resource import REGION, TAGS, AwsResource, exactly_one, given
from sandbox.standin.properties import Failure, Text
from sandbox.standin.values import Properties

_TARGETS = {"gatewayId": "GatewayId", "natGatewayId": "NatGatewayId"}
"""The API's name of each kind of target."""


class RouteTable(Ec2Resource):
    """A route table without inline routes. Its id is chosen by the service."""

    token = "aws:ec2/routeTable:RouteTable"
    kind, noun = "route-table", "RouteTable"
    gone = ("InvalidRouteTableID.NotFound",)
    inputs = {"vpcId": Text(required=True, replaces=True), **REGION, **TAGS}
    outputs = {"arn": Text(), "ownerId": Text()}


class Route(AwsResource):
    """A route. Its id is derived from its table and destination; to import it, ``TABLE_DESTINATION``."""

    token = "aws:ec2/route:Route"
    service = "ec2"
    gone = ("InvalidRouteTableID.NotFound", "InvalidRoute.NotFound")
    inputs = {
        "routeTableId": Text(required=True, replaces=True),
        "destinationCidrBlock": Text(required=True, replaces=True),
        "gatewayId": Text(),
        "natGatewayId": Text(),
        **REGION,
    }
    outputs = {"origin": Text(), "state": Text()}

    @classmethod
    def validate(cls, inputs: Properties) -> Iterator[Failure]:
        yield from exactly_one(inputs, *_TARGETS)

    @classmethod
    def identify(cls, resource_id: str) -> tuple[str, Properties]:
        """Split the id of an import, ``TABLE_DESTINATION``."""
        proper, known = super().identify(resource_id)
        table, _, destination = proper.partition("_")
        return _route_id(table, destination), {
            **known,
            "routeTableId": table,
            "destinationCidrBlock": destination,
        }

    def create(self, inputs: Properties) -> str:
        self.client.create_route(**_route(inputs), **_target(inputs))
        return _route_id(inputs["routeTableId"], inputs["destinationCidrBlock"])

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        table, destination = known["routeTableId"], known["destinationCidrBlock"]
        routes = self.client.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        live: Any = next((one for one in routes if one.get("DestinationCidrBlock") == destination), None)
        if live is None:
            return None
        return {
            "routeTableId": table,
            "destinationCidrBlock": destination,
            **{name: live.get(shown) for name, shown in _TARGETS.items()},
            "origin": live["Origin"],
            "state": live["State"],
        }

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        self.client.replace_route(**_route(new), **_target(new))

    def remove(self, resource_id: str, state: Properties) -> None:
        self.client.delete_route(**_route(state))


def _route(properties: Properties) -> dict[str, Any]:
    return {
        "RouteTableId": properties["routeTableId"],
        "DestinationCidrBlock": properties["destinationCidrBlock"],
    }


def _target(inputs: Properties) -> dict[str, Any]:
    return given({shown: inputs.get(name) for name, shown in _TARGETS.items()})


def _route_id(table: str, destination: str) -> str:
    return f"r-{table}{zlib.crc32(destination.encode())}"


class RouteTableAssociation(AwsResource):
    """The association of a subnet with a route table. Its id is chosen by the service.

    The id of an import is ``SUBNET/TABLE``. An update to another table changes the id, which the state has as
    an output until a refresh.
    """

    token = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    service = "ec2"
    gone = ("InvalidAssociationID.NotFound",)
    inputs = {"subnetId": Text(required=True, replaces=True), "routeTableId": Text(required=True), **REGION}

    _id: str | None = None

    def create(self, inputs: Properties) -> str:
        made = self.client.associate_route_table(
            SubnetId=inputs["subnetId"], RouteTableId=inputs["routeTableId"]
        )
        return str(made["AssociationId"])

    def describe(self, resource_id: str, known: Properties) -> Properties | None:
        named = self._id or known.get("id", resource_id)
        for page in self.client.get_paginator("describe_route_tables").paginate():
            for one in (one for table in page["RouteTables"] for one in table["Associations"]):
                own, table, subnet = one["RouteTableAssociationId"], one["RouteTableId"], one.get("SubnetId")
                if named in (own, f"{subnet}/{table}"):
                    return {"id": own, "subnetId": subnet, "routeTableId": table}
        return None

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        answer = self.client.replace_route_table_association(
            AssociationId=old.get("id", resource_id), RouteTableId=new["routeTableId"]
        )
        self._id = answer["NewAssociationId"]

    def remove(self, resource_id: str, state: Properties) -> None:
        """Disassociate the subnet, which then uses the VPC's main table."""
        self.client.disassociate_route_table(AssociationId=state.get("id", resource_id))
