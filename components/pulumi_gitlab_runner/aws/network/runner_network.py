"""The VPC of runner hosts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.arns import iam_arn
from pulumi_gitlab_runner.aws.observation import log_group, log_group_arn
from pulumi_gitlab_runner.aws.reserved_names import check_group_name
from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.component import Component
from pulumi_gitlab_runner.existing import stack_mark
from pulumi_gitlab_runner.iam.flow_logs import flow_logs_policy, flow_logs_trust_policy
from pulumi_gitlab_runner.manager.environment import Environment, declared_environment, environment_of
from pulumi_gitlab_runner.resolution import given, refused_as_whole, resolved, with_handles
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironmentArgs
from pulumi_gitlab_runner.spec.aws_tags import AwsTags, parse_tags, tags_problems
from pulumi_gitlab_runner.spec.declared import declared
from pulumi_gitlab_runner.spec.inputs import Input
from pulumi_gitlab_runner.spec.network import (
    FlowLogs,
    Network,
    NetworkDeclaration,
    first_zones,
    network_problems,
    parse_network,
)
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.shape import checked


class RunnerNetworkArgs(NetworkDeclaration):
    """A VPC with private subnets and NAT gateways. AWS charges for each NAT gateway."""

    environment: NotRequired[AwsEnvironmentArgs]
    """The AWS account and region. Default: those of the AWS provider."""
    tags: NotRequired[dict[str, Input[str]]]
    """Tags of all resources. Default: none."""


@dataclass(frozen=True)
class NetworkModel:
    """A network, with its AWS environment and tags.

    Attributes:
        environment: the AWS account and region; None if not looked up yet.
        logs_key: the KMS key of its flow logs; None for the key of CloudWatch Logs.
    """

    network: Network
    environment: Environment | None = None
    tags: AwsTags = field(default_factory=dict)
    logs_key: pulumi.Input[str] | None = None


class RunnerNetwork(Component[NetworkModel]):
    """A VPC for hosts, with access to GitLab, the registries and AWS, and without access from outside.

    Hosts are in private subnets, one in each of the region's first zones. Public subnets contain only NAT
    gateways, whose addresses GitLab and the registries see. Traffic to S3 uses a gateway endpoint and not a
    NAT gateway, which AWS charges for by the gigabyte: a host's files, its cache, and the layers of images in
    ECR.

    Endpoints have no endpoint policies: the role of a host defines its permissions. The service names are
    those of the partitions `aws` and `aws-us-gov`.

    Creates:

    - `aws:ec2/vpc:Vpc`, with DNS names
    - `aws:ec2/subnet:Subnet`: a private one for each zone, a public one for each NAT gateway
    - `aws:ec2/internetGateway:InternetGateway`
    - `aws:ec2/eip:Eip` and `aws:ec2/natGateway:NatGateway`: one, or one for each zone
    - `aws:ec2/routeTable:RouteTable`, `aws:ec2/route:Route`: for each private subnet, and for all public ones
    - `aws:ec2/routeTableAssociation:RouteTableAssociation` for each subnet
    - `aws:ec2/vpcEndpoint:VpcEndpoint` for S3, and for each of `endpoints`
    - `aws:ec2/securityGroup:SecurityGroup` and `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule`,
      with `endpoints`: HTTPS from within the VPC
    - `aws:ec2/defaultSecurityGroup:DefaultSecurityGroup`: the VPC's default security group, without rules
    - `aws:ec2/flowLog:FlowLog`, with `aws:cloudwatch/logGroup:LogGroup`, `aws:iam/role:Role` and
      `aws:iam/rolePolicy:RolePolicy`: with `flow_logs`

    Raises `pulumi.RunError` for a wrong declaration, and for more zones than the region has.
    """

    vpc_id: pulumi.Output[str]
    """The VPC's id."""
    subnet_ids: pulumi.Output[list[str]]
    """The private subnets' ids. What uses them is created after the routes and endpoints of the subnets."""
    nat_addresses: pulumi.Output[list[str]]
    """The public addresses of the NAT gateways, for the firewall of a GitLab or a registry."""

    def __init__(
        self, name: str, args: RunnerNetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        with refused_as_whole():
            read = checked(with_handles(args, name), RunnerNetworkArgs, name, _problems)
        environment = declared_environment(read.get("environment"), name)
        model = NetworkModel(parse_network(read), environment, parse_tags(read.get("tags", {})))
        self._make(name, model, opts)

    def _make(self, name: str, model: NetworkModel, opts: pulumi.ResourceOptions | None) -> None:
        network, self._tags = model.network, model.tags
        self.register_component("RunnerNetwork", name, declared(model.network), opts)
        ranges = resolved(network)
        vpc = aws.ec2.Vpc(
            name,
            cidr_block=given(network.cidr),
            enable_dns_support=True,
            enable_dns_hostnames=True,
            **self._named(name),
        )
        # No instance uses the default security group, whose default rules allow traffic between its members.
        aws.ec2.DefaultSecurityGroup(
            name,
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            **self._named(name),
        )
        environment = model.environment or environment_of(self)
        if network.flow_logs:
            self._flow_logs(network.flow_logs, vpc.id, environment, model.logs_key)
        zones = self._zones(network.zones)
        internet = aws.ec2.InternetGateway(name, vpc_id=vpc.id, **self._named(name))
        public = self._route_table(f"{name}-public", vpc, {"gateway_id": internet.id})
        gateways = [
            self._nat_gateway(
                f"{name}-{zone + 1}",
                self._subnet(
                    f"{name}-public-{zone + 1}", vpc, ranges.apply(_public_range(zone)), zones[zone], public
                ),
            )
            for zone in range(network.gateways)
        ]
        tables, subnets = [], []
        for zone in range(network.zones):
            private = f"{name}-private-{zone + 1}"
            gateway = gateways[zone % len(gateways)]
            tables.append(self._route_table(private, vpc, {"nat_gateway_id": gateway.id}))
            subnets.append(
                self._subnet(private, vpc, ranges.apply(_private_range(zone)), zones[zone], tables[-1])
            )
        services = environment.apply(lambda known: f"com.amazonaws.{known.region}")
        endpoints = [
            aws.ec2.VpcEndpoint(
                f"{name}-s3",
                vpc_id=vpc.id,
                service_name=pulumi.Output.concat(services, ".s3"),
                vpc_endpoint_type="Gateway",
                route_table_ids=tables,
                **self._named(f"{name}-s3"),
            )
        ]
        if network.endpoints:
            endpoints += self._interface_endpoints(network, vpc, subnets, services)
        self.vpc_id = vpc.id
        # Derived from the endpoints' URNs, which a preview knows: a host whose egress rules allow only the
        # endpoints is created after them, and deleted before them.
        self.subnet_ids = pulumi.Output.all(subnets, [each.urn for each in endpoints]).apply(
            lambda known: list(known[0])
        )
        self.nat_addresses = pulumi.Output.all(*(gateway.public_ip for gateway in gateways))
        self.register_declared_outputs()

    def _named(self, name: str) -> dict[str, Any]:
        """The tags of a resource, with its name, and its options."""
        return {"tags": tag_inputs(self._tags, Name=name), "opts": self._child}

    def _zones(self, count: int) -> pulumi.Output[list[str]]:
        """The names of the region's first zones.

        An impaired zone is included, so that no subnet moves because of it.
        """

        def first(names: list[str]) -> list[str]:
            with refused_as_whole():
                return first_zones(names, count, self._name)

        found = aws.get_availability_zones_output(
            filters=[{"name": "zone-type", "values": ["availability-zone"]}],
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        return found.names.apply(first)

    def _route_table(
        self, name: str, vpc: aws.ec2.Vpc, target: Mapping[str, pulumi.Output[str]]
    ) -> pulumi.Output[str]:
        """The id of a route table with a default route, known once the route is created."""
        table = aws.ec2.RouteTable(name, vpc_id=vpc.id, **self._named(name))
        route = aws.ec2.Route(
            name, route_table_id=table.id, destination_cidr_block="0.0.0.0/0", **target, opts=self._child
        )
        return _after_creation(table.id, route)

    def _subnet(
        self,
        name: str,
        vpc: aws.ec2.Vpc,
        cidr: pulumi.Output[str],
        zone: pulumi.Output[str],
        route_table_id: pulumi.Output[str],
    ) -> pulumi.Output[str]:
        """The id of a subnet, known once its route table is associated."""
        subnet = aws.ec2.Subnet(
            name,
            vpc_id=vpc.id,
            cidr_block=cidr,
            availability_zone=zone,
            **self._named(name),
        )
        association = aws.ec2.RouteTableAssociation(
            name, subnet_id=subnet.id, route_table_id=route_table_id, opts=self._child
        )
        return _after_creation(subnet.id, association)

    def _nat_gateway(self, name: str, subnet_id: pulumi.Output[str]) -> aws.ec2.NatGateway:
        address = aws.ec2.Eip(name, domain="vpc", **self._named(name))
        return aws.ec2.NatGateway(
            name,
            subnet_id=subnet_id,
            allocation_id=address.id,
            **self._named(name),
        )

    def _flow_logs(
        self,
        flow_logs: FlowLogs,
        vpc_id: pulumi.Output[str],
        environment: Environment,
        key_arn: pulumi.Input[str] | None,
    ) -> None:
        name = f"{self._name}-flow-logs"
        path = f"/{stack_mark()}/flow-logs/{self._name}"
        group = log_group(name, flow_logs.logs, path, key_arn, self._tags, self)
        role = aws.iam.Role(
            name,
            assume_role_policy=environment.apply(flow_logs_trust_policy),
            force_detach_policies=True,
            tags=tag_inputs(self._tags),
            opts=self._child,
        )
        group_arn = log_group_arn(group, environment)
        policy = aws.iam.RolePolicy(
            name, role=role.name, policy=group_arn.apply(flow_logs_policy), opts=self._child
        )
        aws.ec2.FlowLog(
            name,
            vpc_id=vpc_id,
            traffic_type=flow_logs.traffic.upper(),
            log_destination_type="cloud-watch-logs",
            log_destination=group_arn,
            # Derived from the policy, so that the role has its permissions before the first record.
            iam_role_arn=iam_arn("role", policy.role, None, environment),
            **self._named(name),
        )

    def _interface_endpoints(
        self,
        network: Network,
        vpc: aws.ec2.Vpc,
        subnet_ids: Sequence[pulumi.Output[str]],
        services: pulumi.Output[str],
    ) -> list[aws.ec2.VpcEndpoint]:
        name = f"{self._name}-endpoints"
        check_group_name(name)
        security_group = aws.ec2.SecurityGroup(
            name,
            description=f"Endpoints of {self._name}: HTTPS from its VPC",
            vpc_id=vpc.id,
            tags=tag_inputs(self._tags),
            opts=self._child,
        )
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=security_group.id,
            description="HTTPS from the VPC",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=given(network.cidr),
            tags=tag_inputs(self._tags),
            opts=self._child,
        )
        return [
            aws.ec2.VpcEndpoint(
                f"{self._name}-{service}",
                vpc_id=vpc.id,
                service_name=pulumi.Output.concat(services, ".", service),
                vpc_endpoint_type="Interface",
                subnet_ids=subnet_ids,
                security_group_ids=[security_group.id],
                # The service's default DNS name resolves to the endpoint, so clients need no configuration.
                private_dns_enabled=True,
                **self._named(f"{self._name}-{service}"),
            )
            for service in network.endpoints
        ]


def _after_creation(value: pulumi.Output[str], resource: pulumi.CustomResource) -> pulumi.Output[str]:
    """The value, known once a resource is created: resources that use it are created after that resource."""
    return pulumi.Output.all(value, resource.id).apply(lambda known: str(known[0]))


def _private_range(zone: int) -> Callable[[Network], str]:
    """Return a function for the CIDR block of the private subnet in a zone."""
    return lambda network: str(network.private_subnets[zone])


def _public_range(zone: int) -> Callable[[Network], str]:
    """Return a function for the CIDR block of the public subnet in a zone."""
    return lambda network: str(network.public_subnets[zone])


def _problems(declaration: RunnerNetworkArgs, path: str) -> Iterator[Problem]:
    yield from network_problems(declaration, path)
    yield from tags_problems(declaration.get("tags", {}), join_path(path, "tags"), of_instances=False)
