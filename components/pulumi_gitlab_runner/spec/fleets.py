"""Fleets: a runner manager on a small host, and the EC2 instances that it starts and terminates for jobs."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.config.forms import PERIOD, TIME_ZONE
from pulumi_gitlab_runner.runner_version import RunnerVersion
from pulumi_gitlab_runner.spec.aws_tags import AwsTags, tags_problems
from pulumi_gitlab_runner.spec.egress import EgressDeclaration, EgressRule, parse_egress
from pulumi_gitlab_runner.spec.hosts import Host, HostDeclaration, host_problems, parse_host, release_of
from pulumi_gitlab_runner.spec.inputs import Input, Value, check_key, is_known, model_of, models_of, strict
from pulumi_gitlab_runner.spec.instance_types import architecture_of, instance_type_problems
from pulumi_gitlab_runner.spec.job_networks import WORKER_JOB_NETWORKS
from pulumi_gitlab_runner.spec.machines import MACHINE_SHOWN, machine_problems
from pulumi_gitlab_runner.spec.problems import (
    Problem,
    choice_problems,
    form_problems,
    join_path,
    listed,
    minimum_problems,
)
from pulumi_gitlab_runner.spec.texts import text_problems

DOCKER_AUTOSCALER = RunnerVersion(17, 1)
"""The first release in which the executor is generally available:
docs.gitlab.com/runner/executors/docker_autoscaler."""

SPOT_ALLOCATIONS = (
    "price-capacity-optimized",
    "capacity-optimized",
    "capacity-optimized-prioritized",
    "lowest-price",
)
"""docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstancesDistribution.html."""


_MOST_TYPES = 40
"""The maximum number of instance types of an Auto Scaling group:
docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LaunchTemplateOverrides.html."""

MANAGER_INSTANCE_TYPE = "t3.small"
"""A burstable type is sufficient: no jobs run on it, so its CPU credits are not spent."""
MANAGER_DISK_GB = 30


@strict
class IdleDeclaration(TypedDict):
    """The idle capacity of a fleet, and its periods."""

    periods: NotRequired[list[str]]
    """The periods in which this applies, as cron expressions: `* 8-17 * * mon-fri`. Default: always."""
    timezone: NotRequired[str]
    """The time zone of `periods`, such as `Europe/Berlin`. Default: UTC."""
    idle_count: NotRequired[int]
    """The number of free job slots to keep on running instances. Default 0."""
    idle_minutes: NotRequired[int]
    """The idle time in minutes after which an instance beyond `idle_count` is terminated; 1 or more. Default
    10."""


@strict
class FleetDeclaration(TypedDict):
    """A fleet: the EC2 instances that a runner's manager starts for jobs, and terminates when idle."""

    instance_types: list[str]
    """The EC2 instance types, the preferred one first; all of one processor architecture. With more types, it
    is more likely that AWS has capacity."""
    max_instances: int
    """The maximum number of instances. 1 or more."""
    jobs_per_instance: NotRequired[int]
    """The number of jobs that an instance runs at the same time. 1 or more. Default 1."""
    retire_after_jobs: NotRequired[int]
    """The number of jobs after which an instance is terminated; with 1, each job has a new instance. Default:
    no limit."""
    idle: NotRequired[list[IdleDeclaration]]
    """The idle capacity; of several entries whose periods match, the last applies. Default: none; an instance
    is terminated 10 minutes after its last job."""
    on_demand_base: NotRequired[int]
    """The number of On-Demand Instances that are started before any Spot Instance. Default 0."""
    on_demand_percent: NotRequired[int]
    """The percentage of On-Demand Instances beyond `on_demand_base`. The others are Spot Instances: cheaper,
    but AWS may interrupt them and the jobs on them. Default 100."""
    spot_allocation: NotRequired[str]
    """The allocation strategy of Spot Instances: `price-capacity-optimized`, `capacity-optimized`,
    `capacity-optimized-prioritized` or `lowest-price`. Default `price-capacity-optimized`."""
    disk_gb: NotRequired[int]
    """The size of an instance's encrypted gp3 root disk, in GiB; 20 or more. Default 100."""
    ami: NotRequired[Input[str]]
    """The ID of your own AMI, with cloud-init, sudo, EC2 Instance Connect, and Docker that its user may use.
    The stack's `proxy` and `certificate_authorities` are not applied to such an instance: the image must
    contain the settings that Docker needs. Default: the newest Amazon Linux 2023, on which Docker is
    installed at boot."""
    machine_image: NotRequired[str]
    """The entry of `machine_images` that instances start from, with Amazon Linux 2023 and the architecture of
    `instance_types`. An instance starts from the newest image. For the manager's host, declare
    `machine_image` under `manager`. Default: none."""
    user: NotRequired[str]
    """The user of `ami` that the manager connects as. Default `ec2-user`."""
    user_namespaces: NotRequired[bool]
    """Whether Docker runs the jobs in user namespaces (`userns-remap`), so that root in a job is not root on
    the instance. Privileged jobs, the instance's network and writable host files do not work with it. Not
    with an `ami`, which contains its own configuration of Docker. Default false."""
    vpc: NotRequired[Input[str]]
    """The ID of the VPC of the instances and their manager. Default: the stack's `network`, else the
    account's default VPC."""
    subnets: NotRequired[Input[list[Input[str]]]]
    """The IDs of the subnets, preferably in several zones; they need a route to GitLab and the registries.
    Default: all of the stack's `network`, else of the default VPC."""
    egress: NotRequired[list[EgressDeclaration]]
    """The destinations that the instances' jobs may connect to; the manager has its own `egress`. Default:
    everything."""
    job_networks: NotRequired[Input[str]]
    """The private IPv4 range of the job networks on an instance, each a `/24`, or smaller if
    `jobs_per_instance` needs more of them. It must not overlap any network that the instances connect to.
    With an `ami`, the range that Docker in the image uses; it is only checked. Default `172.17.0.0/16`; with
    an `ami`, none."""
    peer_networks: NotRequired[list[Input[str]]]
    """Further IPv4 ranges that the instances connect to, by VPC peering, a transit gateway or a VPN.
    `job_networks` must not overlap them or the ranges of the VPC. Default: none."""
    tags: NotRequired[dict[str, Input[str]]]
    """Tags of the instances, their volumes, and their other AWS resources, in addition to the stack's.
    Default: none."""
    manager: NotRequired[HostDeclaration]
    """The manager's host, on which no jobs run; without `concurrent`. Default: a `t3.small` with a disk of 30
    GiB, in the same subnets. A change that needs a new host pauses the runner: the old manager accepts no new
    jobs, and the new manager waits until the last job of the old one has ended."""
    state_storage: NotRequired[bool]
    """Whether instances survive a restart of the gitlab-runner process; beta, from runner 17.5 on. Default
    false: a restart terminates them after their jobs."""


@dataclass(frozen=True)
class Idle:
    """The idle capacity of a fleet and its periods, with the defaults filled in."""

    shown = ("periods", "timezone", "idle_count", "idle_minutes")

    periods: tuple[str, ...] = ("* * * * *",)
    timezone: str = "UTC"
    idle_count: int = 0
    idle_minutes: int = 10


@dataclass(frozen=True)
class Fleet:
    """A fleet, with the defaults filled in."""

    shown = (
        *("instance_types", "max_instances", "jobs_per_instance", "retire_after_jobs", "idle"),
        *("on_demand_base", "on_demand_percent", "spot_allocation", "user_namespaces"),
        "state_storage",
        *MACHINE_SHOWN,
    )

    instance_types: tuple[str, ...]
    max_instances: int
    jobs_per_instance: int = 1
    retire_after_jobs: int | None = None
    idle: tuple[Idle, ...] = (Idle(),)
    on_demand_base: int = 0
    on_demand_percent: int = 100
    spot_allocation: str = SPOT_ALLOCATIONS[0]
    disk_gb: int = 100
    ami: Value[str] | None = None
    machine_image: str | None = None
    user: str = "ec2-user"
    vpc: Value[str] | None = None
    subnets: Value[tuple[Value[str], ...]] = ()
    egress: tuple[EgressRule, ...] = ()
    state_storage: bool = False
    tags: AwsTags = field(default_factory=dict)
    user_namespaces: bool = False
    job_networks: Value[str] | None = WORKER_JOB_NETWORKS
    peer_networks: tuple[Value[str], ...] = ()

    @property
    def jobs(self) -> int:
        """The number of jobs that all its instances together run at the same time."""
        return self.max_instances * self.jobs_per_instance

    @property
    def architecture(self) -> str:
        """The processor architecture of its instances: `arm64` or `x86_64`."""
        return architecture_of(self.instance_types[0])


_USER = re.compile(r"[a-z_][a-z0-9_-]*")


def parse_fleet(declaration: FleetDeclaration) -> Fleet:
    """The fleet that a valid declaration describes."""
    unknown_networks = {"job_networks": None} if "ami" in declaration else {}
    parsers: dict[str, Callable[[Any], object]] = {
        "egress": parse_egress,
        "idle": lambda declared: models_of(Idle, declared) or Fleet.idle,
    }
    return model_of(Fleet, unknown_networks | declaration, parsers)


def parse_manager_host(declaration: FleetDeclaration) -> Host:
    """The host of the manager of a fleet that a valid declaration describes."""
    host: HostDeclaration = {
        "instance_type": MANAGER_INSTANCE_TYPE,
        "disk_gb": MANAGER_DISK_GB,
        "concurrent": parse_fleet(declaration).jobs,
    }
    for key in ("vpc", "subnets"):
        if key in declaration:
            host[key] = declaration[key]
    return parse_host(host | declaration.get("manager", {}))


def fleet_problems(declaration: FleetDeclaration, path: str) -> Iterator[Problem]:
    """The problems of a fleet."""
    least = {"max_instances": 1, "jobs_per_instance": 1, "retire_after_jobs": 1, "on_demand_base": 0}
    yield from minimum_problems(declaration, least, path)
    yield from _instance_types_problems(declaration["instance_types"], join_path(path, "instance_types"))
    yield from _capacity_problems(declaration, path)
    yield from machine_problems(declaration, path)
    yield from tags_problems(declaration.get("tags", {}), join_path(path, "tags"))
    yield from check_key(declaration, "idle", path, _idle_problems)
    if "user" in declaration and "ami" not in declaration:
        yield Problem(join_path(path, "user"), "a user, with no 'ami'", "'user' together with 'ami'")
    allowed = "the name of a user: a-z, 0-9, '_' and '-'"
    yield from check_key(declaration, "user", path, form_problems, _USER, allowed)
    if declaration.get("user_namespaces") and "ami" in declaration:
        yield Problem(
            join_path(path, "user_namespaces"),
            "true, with an 'ami'",
            "one of the two",
            'the image has its own daemon.json: set {"userns-remap": "default"} in it',
        )
    yield from _manager_problems(declaration, join_path(path, "manager"))


def _instance_types_problems(instance_types: list[str], path: str) -> Iterator[Problem]:
    if not instance_types:
        yield Problem(path, "an empty list", "at least one instance type, such as c7i.large")
    if len(instance_types) > _MOST_TYPES:
        found, allowed = f"{len(instance_types)} instance types", f"{_MOST_TYPES} at most"
        yield Problem(path, found, f"{allowed}, the limit of an Auto Scaling group")
    for index, each in enumerate(instance_types):
        yield from instance_type_problems(each, join_path(path, index))
    by_architecture = {architecture_of(each): each for each in reversed(instance_types)}
    if len(by_architecture) > 1:
        found = listed(f"{each} ({architecture})" for architecture, each in sorted(by_architecture.items()))
        yield Problem(path, found, "types of one architecture", "declare one runner for each architecture")


def _capacity_problems(declaration: FleetDeclaration, path: str) -> Iterator[Problem]:
    percent = declaration.get("on_demand_percent", 100)
    if not 0 <= percent <= 100:
        yield Problem(join_path(path, "on_demand_percent"), str(percent), "0 to 100")
    yield from check_key(declaration, "spot_allocation", path, choice_problems, SPOT_ALLOCATIONS)
    room = declaration["max_instances"] * declaration.get("jobs_per_instance", 1)
    for index, idle in enumerate(declaration.get("idle", ())):
        idle_count = idle.get("idle_count", 0)
        if idle_count > max(room, 0):  # a negative number is a separate problem
            yield Problem(
                join_path(path, "idle", index, "idle_count"),
                str(idle_count),
                f"{room} at most: 'max_instances' times 'jobs_per_instance'",
            )


def _idle_problems(declaration: IdleDeclaration, path: str) -> Iterator[Problem]:
    yield from minimum_problems(declaration, {"idle_count": 0, "idle_minutes": 1}, path)
    if declaration.get("periods") == []:
        yield Problem(
            join_path(path, "periods"), "an empty list", "at least one period; without the key, always"
        )
    yield from check_key(declaration, "periods", path, text_problems, PERIOD)
    yield from check_key(declaration, "timezone", path, text_problems, TIME_ZONE)


def _manager_problems(declaration: FleetDeclaration, path: str) -> Iterator[Problem]:
    manager = declaration.get("manager", {})
    yield from host_problems(manager, path)
    if "concurrent" in manager:
        yield Problem(
            join_path(path, "concurrent"),
            str(manager["concurrent"]),
            "no 'concurrent'",
            "it follows from the fleet: 'max_instances' times 'jobs_per_instance'",
        )
    if manager.get("user_namespaces"):
        yield Problem(
            join_path(path, "user_namespaces"),
            "true, for a manager",
            "'user_namespaces' of the fleet",
            "no job runs on the manager's host",
        )
    vpc, of_manager = declaration.get("vpc"), manager.get("vpc")
    if of_manager is not None and is_known(of_manager) and is_known(vpc) and of_manager != vpc:
        yield Problem(
            join_path(path, "vpc"),
            repr(of_manager),
            "the VPC of the fleet",
            "only the manager's security group can connect to the instances: set 'vpc' of the fleet",
        )
    if "docker" in manager:
        yield Problem(
            join_path(path, "docker"),
            "a Docker host",
            "an EC2 host",
            "the manager connects to the instances by its security group and role",
        )
    release = release_of(manager)
    if release and release < DOCKER_AUTOSCALER:
        yield Problem(
            join_path(path, "runner_version"),
            repr(manager["runner_version"]),
            "runner 17.1 or newer",
            "older releases have no docker-autoscaler executor",
        )
