"""VPC endpoints.

Source of updates and replacements: the official provider's ``internal/service/ec2/vpc_endpoint.go``.
"""

from typing import Any

from sandbox.providers.aws.ec2_resource import Ec2Resource
from sandbox.providers.aws.policy_document import PolicyDocument
from sandbox.providers.aws.resource import REGION, TAGS
from sandbox.standin.properties import Flag, SetOf, Text
from sandbox.standin.values import Properties

_MEMBERS = {
    "routeTableIds": "RouteTableIds",
    "subnetIds": "SubnetIds",
    "securityGroupIds": "SecurityGroupIds",
}
"""The API's name of each list with Add and Remove parameters."""


class VpcEndpoint(Ec2Resource):
    """An endpoint. Its id is chosen by the service."""

    token = "aws:ec2/vpcEndpoint:VpcEndpoint"
    kind, noun = "vpc-endpoint", "VpcEndpoint"
    gone = ("InvalidVpcEndpointId.NotFound",)
    inputs = {
        "vpcId": Text(required=True, replaces=True),
        "serviceName": Text(required=True, replaces=True),
        "vpcEndpointType": Text(default="Gateway", replaces=True, one_of=("Gateway", "Interface")),
        "policy": PolicyDocument(computed=True, service_name="PolicyDocument"),
        "privateDnsEnabled": Flag(computed=True),
        **{name: SetOf(Text(), computed=True) for name in _MEMBERS},
        **REGION,
        **TAGS,
    }
    outputs = {"arn": Text(), "ownerId": Text(), "state": Text()}

    def create(self, inputs: Properties) -> str:
        """Create the endpoint, by default without private DNS."""
        return super().create({"privateDnsEnabled": False, **inputs})

    def facts(self, live: dict[str, Any]) -> dict[str, Any]:
        groups = [group["GroupId"] for group in live.get("Groups") or ()]
        return {"PrivateDnsEnabled": live.get("PrivateDnsEnabled", False), "SecurityGroupIds": groups}

    def change(self, resource_id: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """Add and remove members of lists, and update the other properties."""
        request: dict[str, Any] = {}
        for name in sorted(changed & _MEMBERS.keys()):
            before, after = set(old.get(name) or ()), set(new.get(name) or ())
            request[f"Add{_MEMBERS[name]}"] = sorted(after - before)
            request[f"Remove{_MEMBERS[name]}"] = sorted(before - after)
        if "policy" in changed:
            request["PolicyDocument"] = new["policy"]
        if "privateDnsEnabled" in changed:
            request["PrivateDnsEnabled"] = new["privateDnsEnabled"]
        request = {name: value for name, value in request.items() if value != []}
        if request:
            self.client.modify_vpc_endpoint(VpcEndpointId=resource_id, **request)

    def remove(self, resource_id: str, state: Properties) -> None:
        if self.describe(resource_id, state):
            self.client.delete_vpc_endpoints(VpcEndpointIds=[resource_id])
