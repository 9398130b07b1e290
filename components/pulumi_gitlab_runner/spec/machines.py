"""The common settings of hosts and fleets: EC2 instances and their network."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_gitlab_runner.spec.egress import egress_problems
from pulumi_gitlab_runner.spec.inputs import Input, Value, check, is_empty, is_known
from pulumi_gitlab_runner.spec.job_networks import job_networks_problems, peer_networks_problems
from pulumi_gitlab_runner.spec.problems import Problem, join_path

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
_SUBNET = re.compile(r"subnet-[0-9a-f]{8,17}")


def minimum_problems(
    declaration: Mapping[str, Any], least: Mapping[str, int], path: str
) -> Iterator[Problem]:
    """The problems of numbers that are below their minimum.

    Args:
        declaration: the declaration with the numbers; a missing key is not a problem.
        least: the minimum of each key.
        path: the path of the declaration.
    """
    for key, number in least.items():
        value = declaration.get(key, number)
        if value < number:
            yield Problem(join_path(path, key), str(value), f"{number} or more")


def machine_problems(declaration: Mapping[str, Any], path: str) -> Iterator[Problem]:
    """The problems of the disk, the AMI and the network of instances."""
    yield from minimum_problems(declaration, {"disk_gb": 20}, path)
    for key, form in _IDENTIFIERS.items():
        if key in declaration:
            yield from _id_problems(declaration[key], form, join_path(path, key), key)
    yield from subnets_problems(declaration.get("subnets", ()), join_path(path, "subnets"))
    if "egress" in declaration:
        yield from egress_problems(declaration["egress"], join_path(path, "egress"))
    if "job_networks" in declaration:
        yield from job_networks_problems(declaration["job_networks"], join_path(path, "job_networks"))
    yield from peer_networks_problems(declaration.get("peer_networks", ()), join_path(path, "peer_networks"))
    if ("vpc" in declaration) != (not is_empty(declaration.get("subnets"))):
        yield Problem(
            path, "only one of 'vpc' and 'subnets'", "both or neither", "the subnets belong to the VPC"
        )


def parse_subnets(declared: "Input[Sequence[Input[str]]]") -> Value[tuple[Value[str], ...]]:
    """The subnets in the model: a tuple of values, or one handle for all of them."""
    return tuple(declared) if is_known(declared) else declared  # type: ignore[arg-type, return-value]


def subnets_problems(subnets: Any, path: str) -> Iterator[Problem]:
    """The problems of a list of subnets, or of an Output of one."""

    def problems(listed: Any) -> Iterator[Problem]:
        for index, subnet in enumerate(listed):
            yield from _id_problems(subnet, _SUBNET, join_path(path, index), "subnet")

    return check(subnets, problems)


def _id_problems(identifier: Any, form: re.Pattern[str], path: str, prefix: str) -> Iterator[Problem]:
    def problems(found: str) -> Iterator[Problem]:
        if not form.fullmatch(found):
            yield Problem(path, repr(found), f"an id that starts with {prefix}-")

    return check(identifier, problems)
