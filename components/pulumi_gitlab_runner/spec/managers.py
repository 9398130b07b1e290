"""Runner managers: each with its host or fleet, and its runners."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pulumi_gitlab_runner.spec.cache import Cache
from pulumi_gitlab_runner.spec.certificate_authorities import Authorities
from pulumi_gitlab_runner.spec.fleets import (
    MANAGER_DISK_GB,
    MANAGER_INSTANCE_TYPE,
    Fleet,
    fleet_problems,
    parse_fleet,
    parse_manager_host,
)
from pulumi_gitlab_runner.spec.hosts import Host, HostDeclaration, host_problems, parse_host
from pulumi_gitlab_runner.spec.inputs import Value, check_key
from pulumi_gitlab_runner.spec.instance_types import architecture_of
from pulumi_gitlab_runner.spec.job_networks import WORKER_JOB_NETWORKS
from pulumi_gitlab_runner.spec.machine_images import MachineImageDeclaration, use_problems
from pulumi_gitlab_runner.spec.network import Network
from pulumi_gitlab_runner.spec.problems import Problem, did_you_mean, join_path, listed
from pulumi_gitlab_runner.spec.proxy import Proxy
from pulumi_gitlab_runner.spec.runners import Runner, RunnerDeclaration, parse_runner
from pulumi_gitlab_runner.spec.user_namespaces import user_namespace_problems

WAYS = ("host", "host_of", "fleet")
"""The keys of a runner that define the host of its manager."""

_T = TypeVar("_T")

RunnerDeclarations = Mapping[str, RunnerDeclaration]


@dataclass(frozen=True)
class CommonSettings:
    """The settings of a stack that apply to all of its hosts.

    Attributes:
        cache: the cache of their jobs; None if not declared.
        network: the network of hosts that declare no VPC; None if not declared.
        proxy: their HTTP proxy; None if not declared.
        authorities: the private certificate authorities that they trust.
    """

    cache: Cache | None = None
    network: Network | None = None
    proxy: Proxy | None = None
    authorities: Authorities = ()


@dataclass(frozen=True)
class Manager:
    """A runner manager, with the defaults filled in.

    Attributes:
        name: the name of the runner that declares the host or the fleet.
        host: the host of the manager.
        runners: the runners of the manager, in the order of their declaration.
        fleet: the fleet that runs the jobs of its only runner; None if jobs run on the host.
        cache: the cache of the stack; None if not declared.
        proxy: the HTTP proxy of the host; None if not declared.
        authorities: the private certificate authorities that the host trusts.
    """

    name: str
    host: Host
    runners: tuple[Runner, ...]
    fleet: Fleet | None = None
    cache: Cache | None = None
    proxy: Proxy | None = None
    authorities: Authorities = ()

    @property
    def resource_name(self) -> str:
        """The name of the resources of its host: the first name of the runner that declares it."""
        return next(each.resource_name for each in self.runners if each.name == self.name)

    @property
    def jobs_on_host(self) -> int:
        """The number of jobs that run at the same time on the manager's host; 0 with a fleet."""
        return 0 if self.fleet else self.host.concurrent

    @property
    def ipv6(self) -> bool:
        """Whether the job networks of any of its runners have IPv6."""
        return any(each.config.get("docker", {}).get("enable_ipv6", False) for each in self.runners)

    @property
    def longest_job(self) -> int:
        """The longest job timeout of its runners, in seconds; 7200 for one without `maximum_timeout`."""
        return max(each.registration.maximum_timeout or 7200 for each in self.runners)

    @property
    def cache_prefixes(self) -> tuple[str, ...]:
        """The prefixes of its runners in the cache; none without a cache."""
        if self.cache is None:
            return ()
        return _unique(self.cache.prefix_of(runner.resource_name) for runner in self.runners)

    @property
    def registries(self) -> tuple[str, ...]:
        """The names of the registries that its runners use. It pulls for all runners with one identity."""
        return _unique(name for runner in self.runners for name in runner.registries)

    @property
    def pinned_images(self) -> tuple[Value[str], ...]:
        """The images to pin to digests, as declared: those of its runners, and its own on a Docker host."""
        own = (self.host.docker.image,) if self.host.docker else ()
        return (*self.images, *own)

    @property
    def images(self) -> tuple[Value[str], ...]:
        """The images in the configuration of its runners, as declared."""
        return _unique(image for runner in self.runners for image in runner.images.values())


def _unique(names: Iterator[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(names))


def parse_managers(
    runners: RunnerDeclarations, common: CommonSettings = CommonSettings()
) -> dict[str, Manager]:
    """The managers, by name, that valid declarations of runners describe."""
    return {
        name: _build_manager(name, runners, common)
        for name, each in runners.items()
        if "host" in each or "fleet" in each
    }


def _build_manager(name: str, runners: RunnerDeclarations, common: CommonSettings) -> Manager:
    declaration = runners[name]
    if "fleet" in declaration:
        host, fleet = parse_manager_host(declaration["fleet"]), parse_fleet(declaration["fleet"])
    else:
        host, fleet = parse_host(declaration["host"]), None
    served = tuple(
        parse_runner(each, runner, host.concurrent)
        for each, runner in runners.items()
        if runner.get("host_of", each) == name
    )
    proxy = _proxy_of(host, fleet, common)
    return Manager(name, host, served, fleet, common.cache, proxy, common.authorities)


def _proxy_of(host: Host, fleet: Fleet | None, common: CommonSettings) -> Proxy | None:
    """The proxy of a host, with the job networks and VPC endpoints that bypass it.

    Every network that a stack creates has an endpoint for S3.
    """
    if common.proxy is None:
        return None
    # The default range of Docker is also that of job networks in an `ami`.
    of_workers = (fleet and fleet.job_networks) or WORKER_JOB_NETWORKS
    proxy = replace(common.proxy, job_networks=(host.job_networks, of_workers))
    if common.network is None or host.vpc is not None or host.docker:
        return proxy
    return replace(proxy, endpoints=("s3", *common.network.endpoints))


def host_of(name: str, runners: RunnerDeclarations) -> HostDeclaration:
    """The declaration of the host of a runner's manager; empty if there is none."""
    declaration = runners[name]
    owner = runners.get(declaration.get("host_of", name), declaration)
    return owner.get("host") or owner.get("fleet", {}).get("manager", {})


def manager_problems(declaration: RunnerDeclaration, path: str) -> Iterator[Problem]:
    """The problems of a runner's own host or fleet."""
    given = [way for way in WAYS if way in declaration]
    if len(given) != 1:
        found = " and ".join(map(repr, given)) or f"none of {listed(WAYS)}"
        fix = "" if given else "host: {} uses the defaults"
        yield Problem(path, found, f"exactly one of {listed(WAYS)}", fix)
    yield from check_key(declaration, "host", path, host_problems)
    yield from check_key(declaration, "fleet", path, fleet_problems)
    if "fleet" not in declaration and "autoscaler" in declaration.get("config", {}):
        yield Problem(
            join_path(path, "config", "autoscaler"),
            "settings of a fleet, which the runner does not have",
            "the other keys",
            "declare a 'fleet' in place of the host",
        )


def used_host_problems(name: str, runners: RunnerDeclarations, path: str) -> Iterator[Problem]:
    """The problems of the host of a runner's manager, which another runner may declare."""
    declaration = runners[name]
    if "host_of" in declaration:
        yield from _host_of_problems(name, runners, join_path(path, "host_of"))
    if host_of(name, runners).get("user_namespaces") or declaration.get("fleet", {}).get("user_namespaces"):
        docker = declaration.get("config", {}).get("docker", {})
        yield from user_namespace_problems(docker, join_path(path, "config", "docker"))


def used_image_problems(
    runner: RunnerDeclaration, images: Mapping[str, MachineImageDeclaration], path: str
) -> Iterator[Problem]:
    """The problems of the machine images that a runner's host and fleet name."""
    host, fleet = runner.get("host"), runner.get("fleet")
    if host is not None:
        at = join_path(path, "host")
        yield from use_problems(host, at, images, *_machine(host, Host.instance_type, Host.disk_gb))
    if fleet is not None:
        at, manager = join_path(path, "fleet"), fleet.get("manager", {})
        workers = _machine(fleet, next(iter(fleet["instance_types"]), ""), Fleet.disk_gb)
        yield from use_problems(fleet, at, images, *workers)
        of_manager = _machine(manager, MANAGER_INSTANCE_TYPE, MANAGER_DISK_GB)
        yield from use_problems(manager, join_path(at, "manager"), images, *of_manager)


def _machine(declaration: Mapping[str, Any], instance_type: str, disk_gb: int) -> tuple[str, int]:
    """The processor architecture, and the size of the disk in GiB, of a host or fleet."""
    declared = declaration.get("instance_type", instance_type)
    return architecture_of(declared), declaration.get("disk_gb", disk_gb)


def _host_of_problems(name: str, runners: RunnerDeclarations, path: str) -> Iterator[Problem]:
    owner = runners[name]["host_of"]
    owners = [each for each, declaration in runners.items() if "host" in declaration and each != name]
    allowed = listed(owners, "no runner: no other runner declares a host")
    if owner == name:
        yield Problem(path, f"{owner!r}, the runner itself", allowed, "host: {} creates a separate host")
    elif owner not in runners:
        yield Problem(
            path, f"{owner!r}, which is not a declared runner", allowed, did_you_mean(owner, owners)
        )
    elif "host" not in runners[owner]:
        yield Problem(path, f"{owner!r}, which declares no host", allowed)
