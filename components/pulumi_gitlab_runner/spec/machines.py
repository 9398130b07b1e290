"""The common settings of hosts and fleets: EC2 instances and their network."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_gitlab_runner.spec.address_range import address_range_problems
from pulumi_gitlab_runner.spec.egress import egress_problems
from pulumi_gitlab_runner.spec.inputs import check, check_key, is_empty
from pulumi_gitlab_runner.spec.job_networks import job_networks_problems
from pulumi_gitlab_runner.spec.problems import Problem, form_problems, join_path, minimum_problems

MACHINE_SHOWN = (
    "disk_gb",
    "ami",
    "machine_image",
    "vpc",
    "subnets",
    "egress",
    "job_networks",
    "peer_networks",
)
"""The common fields of hosts and fleets that are shown: see `spec.declared`."""

_IDENTIFIERS = {"ami": re.compile(r"ami-[0-9a-f]{8,17}"), "vpc": re.compile(r"vpc-[0-9a-f]{8,17}")}
_LARGEST_DISK = 65_536
"""The maximum size of a gp3 volume, in GiB:
docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LaunchTemplateEbsBlockDeviceRequest.html."""
_SUBNET = re.compile(r"subnet-[0-9a-f]{8,17}")


def machine_problems(declaration: Mapping[str, Any], path: str) -> Iterator[Problem]:
    """The problems of the disk, the AMI and the network of instances."""
    yield from minimum_problems(declaration, {"disk_gb": 20}, path)
    if declaration.get("disk_gb", 0) > _LARGEST_DISK:
        allowed = f"{_LARGEST_DISK} at most, the limit of a gp3 volume"
        yield Problem(join_path(path, "disk_gb"), str(declaration["disk_gb"]), allowed)
    for key, form in _IDENTIFIERS.items():
        yield from check_key(declaration, key, path, form_problems, form, f"an id that starts with {key}-")
    yield from check(declaration.get("subnets", ()), _subnets_problems, join_path(path, "subnets"))
    if "egress" in declaration:
        yield from egress_problems(declaration["egress"], join_path(path, "egress"))
    yield from check_key(declaration, "job_networks", path, job_networks_problems)
    yield from check_key(declaration, "peer_networks", path, address_range_problems)
    if ("vpc" in declaration) != (not is_empty(declaration.get("subnets"))):
        yield Problem(
            path, "only one of 'vpc' and 'subnets'", "both or neither", "the subnets belong to the VPC"
        )


def _subnets_problems(subnets: Sequence[Any], path: str) -> Iterator[Problem]:
    for index, subnet in enumerate(subnets):
        at = join_path(path, index)
        yield from check(subnet, form_problems, at, _SUBNET, "an id that starts with subnet-")
