"""EC2 instances: what the declarations of hosts and of fleets have in common."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_gitlab_runner.spec.egress import egress_problems
from pulumi_gitlab_runner.spec.problems import Problem, join_path

_INSTANCE_TYPE = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+")
_GRAVITON = re.compile(r"a1\.|[a-z]+\d+g[a-z-]*\.")
"""AWS names its Arm families with a `g` behind the generation: t4g, c7gn, im4gn."""
_IDENTIFIERS = {"ami": re.compile(r"ami-[0-9a-f]{8,17}"), "vpc": re.compile(r"vpc-[0-9a-f]{8,17}")}
_SUBNET = re.compile(r"subnet-[0-9a-f]{8,17}")


def architecture_of(instance_type: str) -> str:
    """The processor architecture of an instance type: `arm64` for a Graviton family, else `x86_64`."""
    return "arm64" if _GRAVITON.match(instance_type) else "x86_64"


def least_problems(declaration: Mapping[str, Any], least: Mapping[str, int], path: str) -> Iterator[Problem]:
    """What is wrong with whole numbers that have a least value.

    Args:
        declaration: what holds them; one that is not there has no problem.
        least: the least value of each.
        path: the place of the declaration.
    """
    for key, number in least.items():
        value = declaration.get(key, number)
        if value < number:
            yield Problem(join_path(path, key), str(value), f"{number} or more")


def instance_type_problems(instance_type: str, path: str) -> Iterator[Problem]:
    """What is wrong with the name of an instance type."""
    if not _INSTANCE_TYPE.fullmatch(instance_type):
        yield Problem(path, repr(instance_type), "such as t3.large")


def machine_problems(declaration: Mapping[str, Any], path: str) -> Iterator[Problem]:
    """What is wrong with the disk, the machine image and the network that instances get."""
    yield from least_problems(declaration, {"disk_gb": 20}, path)
    for key, form in _IDENTIFIERS.items():
        if key in declaration and not form.fullmatch(declaration[key]):
            yield Problem(join_path(path, key), repr(declaration[key]), f"an id that starts with {key}-")
    for index, subnet in enumerate(declaration.get("subnets", ())):
        if not _SUBNET.fullmatch(subnet):
            yield Problem(join_path(path, "subnets", index), repr(subnet), "an id that starts with subnet-")
    if "egress" in declaration:
        yield from egress_problems(declaration["egress"], join_path(path, "egress"))
    if ("vpc" in declaration) != bool(declaration.get("subnets")):
        yield Problem(path, "one of 'vpc' and 'subnets'", "both or neither", "the subnets belong to the VPC")
