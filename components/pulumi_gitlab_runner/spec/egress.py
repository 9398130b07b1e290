"""Where instances may connect to."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.address_range import address_range_problems
from pulumi_gitlab_runner.spec.problems import Problem, join_path, listed

_FAR_ENDS = ("cidr", "prefix_list")
_PREFIX_LIST = re.compile(r"pl-[0-9a-f]{8,17}")
_PROTOCOLS = ("tcp", "udp")
_LAST_PORT = 65535


@with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))
class EgressDeclaration(TypedDict):
    """Addresses and ports that instances may connect to."""

    cidr: NotRequired[str]
    """A range of IPv4 addresses, such as `10.20.0.0/16`. Either this or `prefix_list`."""
    prefix_list: NotRequired[str]
    """The id of a prefix list, such as that of S3 in the region."""
    from_port: int
    """The port, or the first one."""
    to_port: NotRequired[int]
    """The last port. Default: `from_port`, so that one."""
    protocol: NotRequired[str]
    """`tcp` or `udp`. Default `tcp`."""


@dataclass(frozen=True)
class EgressRule:
    """Addresses and ports that instances may connect to: those of a range, or those of a prefix list."""

    from_port: int
    to_port: int
    protocol: str = "tcp"
    cidr: str | None = None
    prefix_list: str | None = None

    def __str__(self) -> str:
        ports = f"{self.from_port}" if self.from_port == self.to_port else f"{self.from_port}-{self.to_port}"
        return f"{self.cidr or self.prefix_list}:{ports}/{self.protocol}"


def build_egress(declared: Sequence[EgressDeclaration]) -> tuple[EgressRule, ...]:
    """The rules that declarations without problems describe."""
    return tuple(
        EgressRule(
            each["from_port"],
            each.get("to_port", each["from_port"]),
            each.get("protocol", "tcp"),
            each.get("cidr"),
            each.get("prefix_list"),
        )
        for each in declared
    )


def egress_problems(declared: Sequence[EgressDeclaration], path: str) -> Iterator[Problem]:
    """What is wrong with a list of rules."""
    if not declared:
        mend = "without this key, instances may connect to everywhere"
        yield Problem(path, "no rules", "at least one: a host needs GitLab, the registries and AWS", mend)
    for index, each in enumerate(declared):
        yield from _rule_problems(each, join_path(path, index))
    rules = build_egress(declared)
    for index, rule in enumerate(rules):
        if rule in rules[:index]:
            yield Problem(join_path(path, index), f"{rule} once more", "each rule once")


def _rule_problems(declaration: EgressDeclaration, path: str) -> Iterator[Problem]:
    given = [key for key in _FAR_ENDS if key in declaration]
    if len(given) != 1:
        found = " and ".join(map(repr, given)) or f"none of {listed(_FAR_ENDS)}"
        yield Problem(path, found, f"exactly one of {listed(_FAR_ENDS)}")
    if "cidr" in declaration:
        yield from address_range_problems(declaration["cidr"], join_path(path, "cidr"))
    if not _PREFIX_LIST.fullmatch(declaration.get("prefix_list", "pl-00000000")):
        yield Problem(
            join_path(path, "prefix_list"), repr(declaration["prefix_list"]), "an id that starts with pl-"
        )
    first = declaration["from_port"]
    if not 0 <= first <= _LAST_PORT:
        yield Problem(join_path(path, "from_port"), str(first), f"0 to {_LAST_PORT}")
    last = declaration.get("to_port", first)
    if "to_port" in declaration and not first <= last <= _LAST_PORT:
        yield Problem(join_path(path, "to_port"), str(last), f"from_port ({first}) to {_LAST_PORT}")
    protocol = declaration.get("protocol", "tcp")
    if protocol not in _PROTOCOLS:
        yield Problem(join_path(path, "protocol"), repr(protocol), listed(_PROTOCOLS))
