"""The destinations that instances may connect to."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.address_range import address_range_problems
from pulumi_gitlab_runner.spec.inputs import Input, Value, check_key, is_known, model_of, strict
from pulumi_gitlab_runner.spec.problems import Problem, form_problems, join_path, listed

_FAR_ENDS = ("cidr", "prefix_list")
_PREFIX_LIST = re.compile(r"pl-[0-9a-f]{8,17}")
EVERYWHERE = "0.0.0.0/0"
PROTOCOLS = ("tcp", "udp")
_LAST_PORT = 65535


@strict
class EgressDeclaration(TypedDict):
    """A range of addresses and ports that instances may connect to."""

    cidr: NotRequired[Input[str]]
    """An IPv4 address range, such as `10.20.0.0/16`. Either this or `prefix_list`."""
    prefix_list: NotRequired[Input[str]]
    """The ID of a prefix list, such as that of S3 in the region."""
    from_port: int
    """The first port of the range."""
    to_port: NotRequired[int]
    """The last port of the range. Default: `from_port`, a single port."""
    protocol: NotRequired[str]
    """`tcp` or `udp`. Default `tcp`."""


@dataclass(frozen=True)
class EgressRule:
    """An egress rule: ports, and an IPv4 address range or a prefix list."""

    shown = ("cidr", "prefix_list", "from_port", "to_port", "protocol")

    from_port: int
    to_port: int
    protocol: str = "tcp"
    cidr: Value[str] | None = None
    prefix_list: Value[str] | None = None

    @property
    def description(self) -> str:
        """The description of the security group rule in EC2."""
        return f"Declared egress: {self.protocol} {self._ports}"

    @property
    def _ports(self) -> str:
        return f"{self.from_port}" if self.from_port == self.to_port else f"{self.from_port}-{self.to_port}"

    def __str__(self) -> str:
        far_end = self.cidr if self.cidr is not None else self.prefix_list
        # The part of the resource's name, which must not depend on an Output.
        to = (far_end if is_known(far_end) else "cidr" if self.cidr is not None else "prefix-list") or ""
        return f"{to}:{self._ports}/{self.protocol}"


def parse_egress(declared: Sequence[EgressDeclaration]) -> tuple[EgressRule, ...]:
    """The rules that valid declarations describe."""
    return tuple(model_of(EgressRule, {"to_port": each["from_port"], **each}) for each in declared)


def egress_problems(declared: Sequence[EgressDeclaration], path: str) -> Iterator[Problem]:
    """The problems of a list of egress rules."""
    if not declared:
        fix = "without this key, instances may connect to any address"
        yield Problem(path, "no rules", "at least one: a host needs GitLab, the registries and AWS", fix)
    for index, each in enumerate(declared):
        yield from _rule_problems(each, join_path(path, index))
    rules = parse_egress(declared)
    for index, rule in enumerate(rules):
        if rule in rules[:index]:
            yield Problem(join_path(path, index), f"{rule}, a duplicate", "each rule once")


def _rule_problems(declaration: EgressDeclaration, path: str) -> Iterator[Problem]:
    given = [key for key in _FAR_ENDS if key in declaration]
    if len(given) != 1:
        found = " and ".join(map(repr, given)) or f"none of {listed(_FAR_ENDS)}"
        yield Problem(path, found, f"exactly one of {listed(_FAR_ENDS)}")
    yield from check_key(declaration, "cidr", path, address_range_problems)
    yield from check_key(
        declaration, "prefix_list", path, form_problems, _PREFIX_LIST, "an id that starts with pl-"
    )
    first = declaration["from_port"]
    if not 0 <= first <= _LAST_PORT:
        yield Problem(join_path(path, "from_port"), str(first), f"0 to {_LAST_PORT}")
    last = declaration.get("to_port", first)
    if "to_port" in declaration and not first <= last <= _LAST_PORT:
        yield Problem(join_path(path, "to_port"), str(last), f"from_port ({first}) to {_LAST_PORT}")
    protocol = declaration.get("protocol", "tcp")
    if protocol not in PROTOCOLS:
        yield Problem(join_path(path, "protocol"), repr(protocol), listed(PROTOCOLS))
