"""The VPC that a stack creates: its subnets, NAT gateways, endpoints and flow logs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.address_range import address_range_problems
from pulumi_gitlab_runner.spec.inputs import Input, Value, check_key, known, model_of, strict
from pulumi_gitlab_runner.spec.observation import Logs, LogsDeclaration, logs_problems, parse_logs
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem, choice_problems, join_path, listed

ENDPOINTS = (
    "autoscaling",
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "kms",
    "logs",
    "monitoring",
    "secretsmanager",
    "ssm",
    "ssmmessages",
    "sts",
)
"""The AWS services that hosts call and that have interface endpoints:
docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html."""
TRAFFIC = ("all", "accept", "reject")
"""The traffic types that flow logs record:
docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html."""
MOST_ZONES = 3
_PRIVATE_RANGES = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_DEFAULT_CIDR = IPv4Network("10.64.0.0/20")
_LARGEST, _SMALLEST = 16, 24
"""The prefix lengths of the largest VPC that AWS allows, and of the smallest one whose subnets have at least
the minimum size of AWS, /28: docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html."""


@strict
class FlowLogsDeclaration(LogsDeclaration):
    """VPC flow logs: a record of the connections, in CloudWatch Logs. AWS charges for each gigabyte."""

    traffic: NotRequired[str]
    """The recorded traffic: `all`, `accept` or `reject`. A change replaces the flow log. Default `all`."""


@strict
class NetworkDeclaration(TypedDict):
    """A VPC with private subnets and NAT gateways. AWS charges for each NAT gateway."""

    cidr: NotRequired[Input[str]]
    """The VPC's private IPv4 range, `/16` to `/24`. A change replaces the VPC. Default `10.64.0.0/20`."""
    zones: NotRequired[int]
    """The number of Availability Zones with a private subnet, 1 to 3; each subnet has a quarter of the range.
    Default 2."""
    nat_per_zone: NotRequired[bool]
    """Whether each zone has its own NAT gateway, so that no zone depends on another. Default false: one NAT
    gateway for all zones."""
    endpoints: NotRequired[list[str]]
    """The AWS services with an interface endpoint in each zone of the VPC, such as `[ecr.api, ecr.dkr, ssm]`.
    AWS charges for each. Default: none; S3 always has a gateway endpoint, which is free."""
    flow_logs: NotRequired[FlowLogsDeclaration]
    """VPC flow logs; `{}` for the defaults. Default: none."""


@dataclass(frozen=True)
class FlowLogs:
    """VPC flow logs, with the defaults filled in."""

    shown = ("traffic",)

    traffic: str = TRAFFIC[0]
    logs: Logs = field(default_factory=Logs)


@dataclass(frozen=True)
class Network:
    """A network, with the defaults filled in."""

    shown = ("cidr", "zones", "nat_per_zone", "endpoints", "flow_logs")

    cidr: Value[str] = str(_DEFAULT_CIDR)
    zones: int = 2
    nat_per_zone: bool = False
    endpoints: tuple[str, ...] = ()
    flow_logs: FlowLogs | None = None

    @property
    def private_subnets(self) -> list[IPv4Network]:
        """The range of each zone's private subnet: one quarter, for any number of zones.

        `cidr` must be known, as for `public_subnets`.
        """
        return self._quarters[: self.zones]

    @property
    def public_subnets(self) -> list[IPv4Network]:
        """The range of each public subnet, in the last quarter: the first zone's, or one for each zone."""
        return list(self._quarters[-1].subnets(new_prefix=28))[: self.gateways]

    @property
    def gateways(self) -> int:
        """The number of NAT gateways, each in a public subnet."""
        return self.zones if self.nat_per_zone else 1

    @property
    def _quarters(self) -> list[IPv4Network]:
        return list(IPv4Network(known(self.cidr)).subnets(prefixlen_diff=2))


def parse_network(declaration: NetworkDeclaration) -> Network:
    """The network that a valid declaration describes."""
    parsers = {"flow_logs": lambda declared: model_of(FlowLogs, declared, logs=parse_logs(declared))}
    return model_of(Network, declaration, parsers)


def first_zones(names: Iterable[str], count: int, path: str) -> list[str]:
    """The first Availability Zones of a region, in the order of their names.

    Args:
        names: the names of all zones of the region.
        count: the number of zones.
        path: the path of the network in the declaration.

    Raises:
        DeclarationError: the region has fewer zones.
    """
    zones = sorted(names)
    if len(zones) < count:
        raise DeclarationError(
            [Problem(join_path(path, "zones"), str(count), f"at most {len(zones)}: {listed(zones)}")]
        )
    return zones[:count]


def network_problems(declaration: NetworkDeclaration, path: str) -> Iterator[Problem]:
    """The problems of a network."""
    yield from check_key(declaration, "cidr", path, _cidr_problems)
    zones = declaration.get("zones", 1)
    if not 1 <= zones <= MOST_ZONES:
        yield Problem(join_path(path, "zones"), str(zones), f"1 to {MOST_ZONES}")
    yield from _endpoint_problems(declaration.get("endpoints", []), join_path(path, "endpoints"))
    yield from check_key(declaration, "flow_logs", path, _flow_log_problems)


def _flow_log_problems(declaration: FlowLogsDeclaration, path: str) -> Iterator[Problem]:
    yield from check_key(declaration, "traffic", path, choice_problems, TRAFFIC)
    yield from logs_problems(declaration, path)


def _cidr_problems(cidr: str, path: str) -> Iterator[Problem]:
    if found := list(address_range_problems(cidr, path)):
        yield from found
        return
    network = IPv4Network(cidr)
    if not any(network.subnet_of(private) for private in _PRIVATE_RANGES):
        yield Problem(path, repr(cidr), f"a range within {listed(map(str, _PRIVATE_RANGES))}")
    if not _LARGEST <= network.prefixlen <= _SMALLEST:
        yield Problem(path, f"/{network.prefixlen}", f"/{_LARGEST} to /{_SMALLEST}")


def _endpoint_problems(endpoints: list[str], path: str) -> Iterator[Problem]:
    for index, service in enumerate(endpoints):
        at = join_path(path, index)
        if service == "s3":
            yield Problem(at, "'s3'", listed(ENDPOINTS), "S3 always has a gateway endpoint")
        else:
            yield from choice_problems(service, at, ENDPOINTS)
        if service in ENDPOINTS and service in endpoints[:index]:
            yield Problem(at, f"{service!r}, a duplicate", "each service once")
