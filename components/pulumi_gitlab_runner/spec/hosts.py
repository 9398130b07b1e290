"""Runner hosts: the machines that runner managers run on, by default EC2 instances."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.config.manager import ManagerConfig
from pulumi_gitlab_runner.runner_version import DEFAULT_RUNNER_VERSION, RunnerVersion, declared_release
from pulumi_gitlab_runner.spec.aws_tags import AwsTags, tags_problems
from pulumi_gitlab_runner.spec.config_toml import config_problems
from pulumi_gitlab_runner.spec.docker_hosts import (
    DockerHost,
    DockerHostDeclaration,
    docker_host_problems,
    parse_docker_host,
)
from pulumi_gitlab_runner.spec.egress import EgressDeclaration, EgressRule, parse_egress
from pulumi_gitlab_runner.spec.inputs import Input, Value, check_key, is_known, model_of, strict
from pulumi_gitlab_runner.spec.instance_types import architecture_of, instance_type_problems
from pulumi_gitlab_runner.spec.job_networks import JOB_NETWORKS
from pulumi_gitlab_runner.spec.machines import (
    MACHINE_SHOWN,
    machine_problems,
)
from pulumi_gitlab_runner.spec.observation import (
    METRICS,
    AlarmsDeclaration,
    Logs,
    LogsDeclaration,
    alarms_problems,
    logs_problems,
    parse_logs,
)
from pulumi_gitlab_runner.spec.operating_systems import AMAZON_LINUX_2023, OPERATING_SYSTEMS, OperatingSystem
from pulumi_gitlab_runner.spec.problems import Problem, choice_problems, join_path, listed, minimum_problems
from pulumi_gitlab_runner.spec.roles import ROLE_SHOWN, policy_problems, role_problems

DEFAULT_INSTANCE_TYPE = "m6i.large"
"""2 vCPUs, not burstable, and 8 GiB; available in more regions and zones than newer generations."""


@strict
class HostDeclaration(TypedDict):
    """The host of a runner manager: one EC2 instance in an Auto Scaling group, or a Docker host (`docker`).

    A change of `os`, `ami`, `machine_image`, `instance_type`, `disk_gb`, `runner_version`, `user_namespaces`,
    `subnets`, `vpc`, `role_path` or `tags` needs a new host, and so does a newer image of `machine_image`,
    and a change of the stack's `network`, `proxy` or `tags`. The new host starts first, and the old one is
    terminated when its last job has ended, at most 48 hours later. Other changes are applied to the running
    host.
    """

    instance_type: NotRequired[str]
    """The EC2 instance type; with a Graviton type, the host is arm64. A burstable type (`t3`, `t4g`) is
    throttled, or costs more, when its CPU credits are spent. Default `m6i.large`."""
    concurrent: NotRequired[int]
    """The number of jobs that run at the same time. 1 or more. Default 4."""
    disk_gb: NotRequired[int]
    """The size of the encrypted gp3 root disk, in GiB; 20 or more. Default 100."""
    os: NotRequired[str]
    """The operating system: `amazon-linux-2023`, `debian-12` or `ubuntu-24.04`. Default
    `amazon-linux-2023`."""
    ami: NotRequired[Input[str]]
    """The ID of your own AMI with this `os`. Default: the newest AMI that AWS, Debian or Ubuntu has published
    when a host starts; a newer one does not replace hosts."""
    machine_image: NotRequired[str]
    """The entry of `machine_images` that the host starts from, with this `os` and the architecture of its
    `instance_type`. A host starts from the newest image; the next update replaces hosts of older ones.
    Default: none."""
    vpc: NotRequired[Input[str]]
    """The ID of the VPC. Default: the stack's `network`, else the account's default VPC. After a change, a
    new host starts first, and the update waits for the jobs of the old one."""
    subnets: NotRequired[Input[list[Input[str]]]]
    """The IDs of the subnets; they need a route to GitLab and the registries. Default: all of the stack's
    `network`, else of the default VPC."""
    egress: NotRequired[list[EgressDeclaration]]
    """The destinations that the host and its jobs may connect to. It needs GitLab, the registries, the
    packages that it installs (Debian's and Ubuntu's over port 80), and AWS, including S3 and Auto Scaling.
    Default: everything."""
    job_networks: NotRequired[Input[str]]
    """The private IPv4 range of job networks, each a `/24`, or smaller if `concurrent` needs more of them.
    It must not overlap any network that the host connects to. A change applies at the next start of Docker.
    Default `192.168.0.0/16`."""
    peer_networks: NotRequired[list[Input[str]]]
    """Further IPv4 ranges that the host connects to, by VPC peering, a transit gateway or a VPN.
    `job_networks` must not overlap them or the ranges of the VPC. Default: none."""
    runner_version: NotRequired[str]
    """The version of gitlab-runner, such as `19.3.0`. Default `19.3.0`."""
    session_manager: NotRequired[bool]
    """Whether AWS Systems Manager can open a shell on the host: `aws ssm start-session`. There is no SSH
    access. Default false."""
    user_namespaces: NotRequired[bool]
    """Whether Docker runs the jobs in user namespaces (`userns-remap`), so that root in a job is not root on
    the host. Privileged jobs, the host's network and writable host files do not work with it. A change needs
    a new host. Default false."""
    logs: NotRequired[LogsDeclaration]
    """Sends the host's journal to CloudWatch Logs; `{}` for the defaults. Default: not sent."""
    alarms: NotRequired[AlarmsDeclaration]
    """The SNS topic to notify when no host has had a working gitlab-runner and Docker for 15 minutes.
    Default: none."""
    metrics: NotRequired[str]
    """The access to the runner's Prometheus metrics and debug pages on port 9252: `loopback`, from the host
    itself; or `vpc`, from the primary CIDR block of its VPC. Jobs on hosts have no access. Default: none."""
    permissions_boundary: NotRequired[Input[str]]
    """The ARN of the permissions boundary of the host's role. Default: none."""
    role_path: NotRequired[Input[str]]
    """The IAM path of the host's role and instance profile, such as `/ci/`. After a change, a new host starts
    first, and the update waits for the jobs of the old one. Default `/`."""
    policies: NotRequired[list[Input[str]]]
    """The ARNs of further IAM policies that are attached to the host's role. Jobs have no access to the role.
    Default: none."""
    tags: NotRequired[dict[str, Input[str]]]
    """Tags of the host's instance, volumes and other AWS resources, in addition to the stack's. A change
    needs a new host. Default: none."""
    docker: NotRequired[DockerHostDeclaration]
    """A Docker host in place of EC2, on which the manager is a container; `{}` for the defaults. Only
    `concurrent`, `runner_version` and `config` can be declared with it. A change of `runner_version`, of
    `docker` or of the longest `maximum_timeout` needs a new manager: it starts first, and the old one ends
    when its last job has ended."""
    config: NotRequired[ManagerConfig]
    """Keys of config.toml outside its `[[runners]]` sections, such as `log_level`, merged over the values
    that follow from this declaration. Keys that the library sets are refused, and so are secrets."""


@dataclass(frozen=True)
class Host:
    """The host of a runner manager, with the defaults filled in."""

    shown = (
        *("instance_type", "concurrent", "runner_version", "session_manager", "metrics"),
        *("policies", "user_namespaces", "docker"),
        *MACHINE_SHOWN,
        *ROLE_SHOWN,
    )

    instance_type: str = DEFAULT_INSTANCE_TYPE
    concurrent: int = 4
    disk_gb: int = 100
    os: OperatingSystem = AMAZON_LINUX_2023
    ami: Value[str] | None = None
    machine_image: str | None = None
    vpc: Value[str] | None = None
    subnets: Value[tuple[Value[str], ...]] = ()
    egress: tuple[EgressRule, ...] = ()
    job_networks: Value[str] = JOB_NETWORKS
    peer_networks: tuple[Value[str], ...] = ()
    runner_version: str = DEFAULT_RUNNER_VERSION
    session_manager: bool = False
    user_namespaces: bool = False
    logs: Logs | None = None
    alarm_topic: Value[str] | None = None
    metrics: str | None = None
    permissions_boundary: Value[str] | None = None
    role_path: Value[str] = "/"
    policies: tuple[Value[str], ...] = ()
    tags: AwsTags = field(default_factory=dict)
    docker: DockerHost | None = None
    config: ManagerConfig = field(default_factory=lambda: ManagerConfig())

    @property
    def architecture(self) -> str:
        """`arm64` for a Graviton instance type, else `x86_64`."""
        return architecture_of(self.instance_type)


_BESIDE_DOCKER = ("docker", "concurrent", "runner_version", "config")
"""The keys that a Docker host may have."""


def parse_host(declaration: HostDeclaration) -> Host:
    """The host that a valid declaration describes."""
    version = declaration.get("runner_version", Host.runner_version)
    parsers: dict[str, Callable[[Any], object]] = {
        "os": OPERATING_SYSTEMS.__getitem__,
        "egress": parse_egress,
        "logs": parse_logs,
        "docker": lambda docker: parse_docker_host(docker, version),
    }
    alarms = declaration.get("alarms")
    return model_of(Host, declaration, parsers, alarm_topic=alarms["topic"] if alarms else None)


def host_problems(declaration: HostDeclaration, path: str) -> Iterator[Problem]:
    """The problems of a host."""
    yield from minimum_problems(declaration, {"concurrent": 1}, path)
    if "instance_type" in declaration:
        yield from instance_type_problems(declaration["instance_type"], join_path(path, "instance_type"))
    yield from machine_problems(declaration, path)
    yield from _operating_system_problems(declaration, path)
    yield from _observation_problems(declaration, path)
    yield from role_problems(declaration, path)
    yield from tags_problems(declaration.get("tags", {}), join_path(path, "tags"))
    yield from check_key(declaration, "policies", path, policy_problems)
    yield from _repeated_policies(declaration.get("policies", ()), join_path(path, "policies"))
    yield from config_problems(declaration.get("config", {}), ManagerConfig, join_path(path, "config"))
    if release_of(declaration) is None:
        yield Problem(
            join_path(path, "runner_version"), repr(declaration["runner_version"]), "such as 19.3.0"
        )
    yield from check_key(declaration, "docker", path, docker_host_problems)
    if "docker" in declaration:
        yield from _beside_docker_problems(declaration, path)


def _beside_docker_problems(declaration: HostDeclaration, path: str) -> Iterator[Problem]:
    for key in declaration:
        if key not in _BESIDE_DOCKER:
            yield Problem(
                join_path(path, key),
                f"{key!r}, together with 'docker'",
                listed(_BESIDE_DOCKER),
                "it applies only to EC2 hosts",
            )
    if "listen_address" in declaration.get("config", {}):
        yield Problem(
            join_path(path, "config", "listen_address"),
            "an address, together with 'docker'",
            "the other keys",
            "the manager listens in its container, for Docker's health check",
        )


def _operating_system_problems(declaration: HostDeclaration, path: str) -> Iterator[Problem]:
    name = declaration.get("os", AMAZON_LINUX_2023.name)
    yield from choice_problems(name, join_path(path, "os"), OPERATING_SYSTEMS)
    if (
        name in OPERATING_SYSTEMS
        and declaration.get("session_manager")
        and "ami" not in declaration
        and not OPERATING_SYSTEMS[name].session_agent
    ):
        yield Problem(
            join_path(path, "session_manager"),
            f"true, on {name}",
            "true with your own 'ami', or another 'os'",
            "the published AMIs do not contain the Systems Manager agent",
        )


def _observation_problems(declaration: HostDeclaration, path: str) -> Iterator[Problem]:
    yield from check_key(declaration, "logs", path, logs_problems)
    yield from check_key(declaration, "alarms", path, alarms_problems)
    yield from check_key(declaration, "metrics", path, choice_problems, METRICS)
    if "metrics" in declaration and "listen_address" in declaration.get("config", {}):
        yield Problem(
            join_path(path, "config", "listen_address"),
            "an address, together with 'metrics'",
            "one of the two",
            "'metrics' sets the address, and opens the port",
        )


def _repeated_policies(policies: Sequence[Input[str]], path: str) -> Iterator[Problem]:
    """Two attachments of one policy: the removal of one of them would detach it."""
    for index, policy in enumerate(policies):
        if is_known(policy) and policy in policies[:index]:
            yield Problem(join_path(path, index), f"{policy!r}, a duplicate", "each policy once")


def release_of(declaration: HostDeclaration) -> RunnerVersion | None:
    """The release of gitlab-runner that a host installs; None if the declared text is not a version."""
    return declared_release(declaration.get("runner_version", Host.runner_version))
