"""Validation of IPv4 address ranges in CIDR notation."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from pulumi_gitlab_runner.spec.problems import Problem


def address_range_problems(cidr: str, path: str) -> Iterator[Problem]:
    """The problems of an IPv4 address range in CIDR notation."""
    try:
        exact = IPv4Network(cidr, strict=False)
    except ValueError:
        yield Problem(path, repr(cidr), "a range of IPv4 addresses, such as 10.20.0.0/16")
        return
    if str(exact) != cidr:
        fix = f"write {exact}" if "/" in cidr else f"add its size: {exact} is this address alone"
        yield Problem(path, repr(cidr), "a range in CIDR notation, with its first address", fix)
