"""Patches moto's NAT gateways and VPC endpoints.

moto does not return the availability mode and the primary address of a NAT gateway, and fails on the deletion
of an unknown one. It returns private DNS for gateway endpoints, cannot modify private DNS or reset the
policy, and fails on the deletion of a deleted endpoint. Sources:
docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNatGateway.html and API_DeleteVpcEndpoints.html.
"""

import json
from collections.abc import Callable
from typing import Any


def patch() -> None:
    """Patch moto's classes in this process."""
    from moto.ec2.models import nat_gateways, vpcs
    from moto.ec2.responses import vpcs as responses

    gateway: Any = nat_gateways.NatGateway
    gateway.availability_mode = "zonal"
    gateway.nat_gateway_addresses = property(_addresses)
    gateways: Any = nat_gateways.NatGatewayBackend
    gateways.delete_nat_gateway = _of_a_known_gateway(gateways.delete_nat_gateway)
    endpoints: Any = vpcs.VPCBackend
    endpoints.create_vpc_endpoint = _with_private_dns_of_interfaces(endpoints.create_vpc_endpoint)
    actions: Any = responses.VPCs
    actions.modify_vpc_endpoint = _with_private_dns(actions.modify_vpc_endpoint)
    actions.delete_vpc_endpoints = _delete_endpoints


def _addresses(gateway: Any) -> list[dict[str, Any]]:
    return [{**each, "isPrimary": True, "status": "succeeded"} for each in gateway.address_set]


def _of_a_known_gateway(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete(backend: Any, gateway_id: str) -> Any:
        from moto.ec2.exceptions import EC2ClientError

        if gateway_id not in backend.nat_gateways:
            raise EC2ClientError("NatGatewayNotFound", f"The Nat Gateway {gateway_id} was not found")
        return original(backend, gateway_id)

    return delete


def _with_private_dns_of_interfaces(original: Callable[..., Any]) -> Callable[..., Any]:
    def create(backend: Any, *arguments: Any, **named: Any) -> Any:
        endpoint = original(backend, *arguments, **named)
        if (endpoint.vpc_endpoint_type or "").lower() != "interface":
            endpoint.private_dns_enabled = False
        return endpoint

    return create


def _with_private_dns(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def modify(response: Any) -> Any:
        answer = original(response)
        endpoint = response.ec2_backend.vpc_end_points[response._get_param("VpcEndpointId")]
        private = response._get_bool_param("PrivateDnsEnabled")
        if private is not None:
            endpoint.private_dns_enabled = private
        if response._get_bool_param("ResetPolicy"):
            endpoint.policy_document = json.dumps(endpoint.DEFAULT_POLICY)
        return answer

    return modify


def _delete_endpoints(response: Any) -> Any:
    from moto.core.responses import ActionResult

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
