"""Runner hosts: the EC2 instance that a runner manager runs on."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from pulumi_gitlab_runner.config.manager import ManagerConfig
from pulumi_gitlab_runner.images.runner_paths import RunnerVersion
from pulumi_gitlab_runner.runner_version import DEFAULT_RUNNER_VERSION
from pulumi_gitlab_runner.spec.config_toml import config_problems
from pulumi_gitlab_runner.spec.egress import EgressDeclaration, EgressRule, build_egress, egress_problems
from pulumi_gitlab_runner.spec.problems import Problem, join_path


@with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))
class HostDeclaration(TypedDict):
    """The EC2 host of a runner manager: Amazon Linux 2023, one instance kept by an Auto Scaling group."""

    instance_type: NotRequired[str]
    """The EC2 instance type; one of a Graviton family makes an arm64 host. Default `t3.large`."""
    concurrent: NotRequired[int]
    """How many jobs run at once. 1 or more. Default 4."""
    disk_gb: NotRequired[int]
    """The size of the encrypted gp3 root disk, in GiB; 20 or more. Default 100."""
    ami: NotRequired[str]
    """The machine image. Default: the newest Amazon Linux 2023, which AWS names in Parameter Store."""
    vpc: NotRequired[str]
    """The VPC's id. Default: the stack's `network`, else the account's default VPC."""
    subnets: NotRequired[list[str]]
    """The subnets' ids; they need a way out to GitLab and the registries. Default: all of the stack's
    `network`, else of the default VPC."""
    egress: NotRequired[list[EgressDeclaration]]
    """What the host and its jobs may connect to. It needs GitLab, the registries, the packages that it
    installs, and AWS, S3 among it. Default: everything."""
    runner_version: NotRequired[str]
    """The version of gitlab-runner that is installed, such as `19.3.0`. Default `19.3.0`."""
    config: NotRequired[ManagerConfig]
    """Keys of config.toml outside its `[[runners]]` sections, such as `log_level`, laid over those that
    follow from this declaration. Those that it sets itself are refused, and so are secrets."""


@dataclass(frozen=True)
class Host:
    """The host of a runner manager, with the defaults filled in."""

    instance_type: str = "t3.large"
    concurrent: int = 4
    disk_gb: int = 100
    ami: str | None = None
    vpc: str | None = None
    subnets: tuple[str, ...] = ()
    egress: tuple[EgressRule, ...] = ()
    runner_version: str = DEFAULT_RUNNER_VERSION
    config: ManagerConfig = field(default_factory=lambda: ManagerConfig())

    @property
    def architecture(self) -> str:
        """`arm64` for a Graviton instance type, else `x86_64`."""
        return "arm64" if _GRAVITON.match(self.instance_type) else "x86_64"


_INSTANCE_TYPE = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+")
_GRAVITON = re.compile(r"a1\.|[a-z]+\d+g[a-z-]*\.")
"""AWS names its Arm families with a `g` behind the generation: t4g, c7gn, im4gn."""
_IDENTIFIERS = {"ami": re.compile(r"ami-[0-9a-f]{8,17}"), "vpc": re.compile(r"vpc-[0-9a-f]{8,17}")}
_SUBNET = re.compile(r"subnet-[0-9a-f]{8,17}")
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")


def build_host(declaration: HostDeclaration) -> Host:
    """The host that a declaration without problems describes."""
    lists = {
        "subnets": tuple(declaration.get("subnets", ())),
        "egress": build_egress(declaration.get("egress", ())),
    }
    return Host(**{**declaration, **lists})  # type: ignore[arg-type]


def host_problems(declaration: HostDeclaration, path: str) -> Iterator[Problem]:
    """What is wrong with a host."""
    for key, least in (("concurrent", 1), ("disk_gb", 20)):
        value = declaration.get(key, least)
        if isinstance(value, int) and value < least:
            yield Problem(join_path(path, key), str(value), f"{least} or more")
    if not _INSTANCE_TYPE.fullmatch(declaration.get("instance_type", "t3.large")):
        yield Problem(
            join_path(path, "instance_type"), repr(declaration["instance_type"]), "such as t3.large"
        )
    for key, form in _IDENTIFIERS.items():
        value = declaration.get(key)
        if isinstance(value, str) and not form.fullmatch(value):
            yield Problem(join_path(path, key), repr(value), f"an id that starts with {key}-")
    for index, subnet in enumerate(declaration.get("subnets", ())):
        if not _SUBNET.fullmatch(subnet):
            yield Problem(join_path(path, "subnets", index), repr(subnet), "an id that starts with subnet-")
    if ("vpc" in declaration) != bool(declaration.get("subnets")):
        yield Problem(path, "one of 'vpc' and 'subnets'", "both or neither", "the subnets belong to the VPC")
    if "egress" in declaration:
        yield from egress_problems(declaration["egress"], join_path(path, "egress"))
    yield from config_problems(declaration.get("config", {}), ManagerConfig, join_path(path, "config"))
    if release_of(declaration) is None:
        yield Problem(
            join_path(path, "runner_version"), repr(declaration["runner_version"]), "such as 19.3.0"
        )


def release_of(declaration: HostDeclaration) -> RunnerVersion | None:
    """The release of gitlab-runner that a host installs; None where the declaration names none."""
    version = declaration.get("runner_version", Host.runner_version)
    if not _VERSION.fullmatch(version):
        return None
    major, minor, _patch = version.split(".")
    return int(major), int(minor)
