"""Patches moto's NAT gateways and VPC endpoints.

moto does not return the availability mode and the primary address of a NAT gateway, and fails on the deletion
of an unknown one. It returns private DNS for gateway endpoints, cannot modify private DNS or reset the
policy, and fails on the deletion of a deleted endpoint. Sources:
docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNatGateway.html and API_DeleteVpcEndpoints.html.
"""

import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.nat_gateways import NatGateway, NatGatewayBackend
from moto.ec2.models.vpcs import VPCBackend
from moto.ec2.responses.vpcs import VPCs

from sandbox.services.aws.patching import around, method_of


def _addresses(gateway: Any) -> list[dict[str, Any]]:
    return [{**each, "isPrimary": True, "status": "succeeded"} for each in gateway.address_set]


_gateway: Any = NatGateway
_gateway.availability_mode = "zonal"
_gateway.nat_gateway_addresses = property(_addresses)


@around(NatGatewayBackend)
def delete_nat_gateway(original: Callable[..., Any], backend: Any, gateway_id: str) -> Any:
    """Refuse an unknown gateway as such."""
    if gateway_id not in backend.nat_gateways:
        raise EC2ClientError("NatGatewayNotFound", f"The Nat Gateway {gateway_id} was not found")
    return original(backend, gateway_id)


@around(VPCBackend)
def create_vpc_endpoint(original: Callable[..., Any], backend: Any, *arguments: Any, **named: Any) -> Any:
    """Create an endpoint; only interfaces have private DNS."""
    endpoint = original(backend, *arguments, **named)
    if (endpoint.vpc_endpoint_type or "").lower() != "interface":
        endpoint.private_dns_enabled = False
    return endpoint


@around(VPCs)
def modify_vpc_endpoint(original: Callable[[Any], Any], response: Any) -> Any:
    """Modify private DNS and reset the policy too."""
    answer = original(response)
    endpoint = response.ec2_backend.vpc_end_points[response._get_param("VpcEndpointId")]
    private = response._get_bool_param("PrivateDnsEnabled")
    if private is not None:
        endpoint.private_dns_enabled = private
    if response._get_bool_param("ResetPolicy"):
        endpoint.policy_document = json.dumps(endpoint.DEFAULT_POLICY)
    return answer


@method_of(VPCs)
def delete_vpc_endpoints(response: Any) -> ActionResult:
    """Delete endpoints, and list the unknown ones."""
    known = response.ec2_backend.vpc_end_points
    asked = response._get_param("VpcEndpointIds", [])
    gone = [each for each in asked if each not in known or known[each].state == "deleted"]
    response.ec2_backend.delete_vpc_endpoints([each for each in asked if each not in gone])
    refused = [
        {
            "ResourceId": each,
            "Error": {
                "Code": "InvalidVpcEndpoint.NotFound",
                "Message": f"The VpcEndpoint Id '{each}' does not exist",
            },
        }
        for each in gone
    ]
    return ActionResult({"Unsuccessful": refused})
