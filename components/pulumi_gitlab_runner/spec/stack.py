"""The declaration of a stack, and its model."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.images.reference import InvalidImageReference, without_password
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.aws_tags import AwsTags, parse_tags, tags_problems
from pulumi_gitlab_runner.spec.builds import (
    Build,
    BuildDeclaration,
    build_settings_problems,
    parse_build,
    repository_problems,
    shared_repository_problems,
)
from pulumi_gitlab_runner.spec.cache import (
    Cache,
    CacheDeclaration,
    cache_problems,
    own_place_problems,
    parse_cache,
)
from pulumi_gitlab_runner.spec.certificate_authorities import (
    Authorities,
    CertificateAuthorityDeclaration,
    authorities_problems,
    other_machine_problems,
    parse_authorities,
)
from pulumi_gitlab_runner.spec.docker_hosts import docker_cache_problems, docker_registry_problems
from pulumi_gitlab_runner.spec.ecr_settings import (
    EcrSettings,
    EcrSettingsDeclaration,
    ecr_settings_problems,
    parse_ecr_settings,
)
from pulumi_gitlab_runner.spec.fleets import Fleet
from pulumi_gitlab_runner.spec.hosted_auth import (
    HostedAuth,
    HostedAuthDeclaration,
    hosted_auth_problems,
    parse_hosted_auth,
)
from pulumi_gitlab_runner.spec.hosts import Host
from pulumi_gitlab_runner.spec.images import image_problems
from pulumi_gitlab_runner.spec.inputs import (
    Input,
    Value,
    check,
    check_key,
    is_known,
    known,
    strict,
    value,
    values,
)
from pulumi_gitlab_runner.spec.job_networks import Met, address_of, name_servers, overlap_problems
from pulumi_gitlab_runner.spec.job_roles import JobRole, JobRoleDeclaration, job_role_problems, parse_job_role
from pulumi_gitlab_runner.spec.machine_images import (
    MachineImage,
    MachineImageDeclaration,
    machine_image_problems,
    machine_image_problems_in,
    parse_machine_image,
)
from pulumi_gitlab_runner.spec.managers import (
    CommonSettings,
    Manager,
    host_of,
    manager_problems,
    parse_managers,
    used_host_problems,
    used_image_problems,
)
from pulumi_gitlab_runner.spec.mirrors import (
    Mirror,
    MirrorDeclaration,
    mirror_problems,
    mirror_variables,
    parse_mirror,
)
from pulumi_gitlab_runner.spec.network import Network, NetworkDeclaration, network_problems, parse_network
from pulumi_gitlab_runner.spec.own_account import own_account_problems
from pulumi_gitlab_runner.spec.problems import Problem, form_problems, join_path, refuse
from pulumi_gitlab_runner.spec.proxy import ProxyDeclaration, parse_proxy, proxy_problems
from pulumi_gitlab_runner.spec.regions import region_problems
from pulumi_gitlab_runner.spec.registries import (
    Registry,
    RegistryDeclaration,
    parse_registry,
    registry_problems,
)
from pulumi_gitlab_runner.spec.registries.addresses import shared_host_problems
from pulumi_gitlab_runner.spec.registries.repositories import prefix_problems
from pulumi_gitlab_runner.spec.registries.static import HostRegistry
from pulumi_gitlab_runner.spec.resource_names import (
    ending_problems,
    parameter_name_problems,
    renaming_problems,
    runner_name_problems,
)
from pulumi_gitlab_runner.spec.roles import operators_problems
from pulumi_gitlab_runner.spec.runners import (
    Runner,
    RunnerDeclaration,
    runner_problems,
    runner_problems_in,
    used_registry_problems,
)
from pulumi_gitlab_runner.spec.shape import checked
from pulumi_gitlab_runner.spec.variables import (
    Variable,
    VariableDeclaration,
    parse_variable,
    variable_problems,
)
from pulumi_gitlab_runner.web_address import is_web_address

GITLAB_COM = "https://gitlab.com"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_USER = re.compile(r"(?<=//)[^/?#]*@")
_UNWRITTEN = re.compile(r"[\s\x00-\x1f\x7f\"'<>\\^`{|}]")
"""Characters that a URL does not have (RFC 3986): `urlsplit` accepts them, and removes newlines."""
_PATH_PREFIX = re.compile(r"[a-z0-9-]{0,32}")


@strict
class StackDeclaration(TypedDict):
    """The declaration of a stack."""

    gitlab_url: NotRequired[Input[str]]
    """The URL of GitLab, as the runners connect to it. Default: that of the GitLab provider, else
    `https://gitlab.com`."""
    registries: NotRequired[dict[str, RegistryDeclaration]]
    """The container registries, by the name that runners and images refer to."""
    builds: NotRequired[dict[str, BuildDeclaration]]
    """The images that are built and pushed to declared repositories, by name."""
    runners: NotRequired[dict[str, RunnerDeclaration]]
    """The runners, by name."""
    machine_images: NotRequired[dict[str, MachineImageDeclaration]]
    """Machine images for hosts and the instances of fleets, by name. AWS charges for the build instance and
    for the snapshots."""
    cache: NotRequired[CacheDeclaration]
    """The distributed cache of the runners; `{}` for the defaults. Default: none; each host or fleet instance
    has only its local cache."""
    variables: NotRequired[list[VariableDeclaration]]
    """The CI variables."""
    mirrors: NotRequired[dict[str, MirrorDeclaration]]
    """Mirrors: images of other registries that are copied into a declared registry, by name."""
    hosted_auth: NotRequired[dict[str, HostedAuthDeclaration]]
    """CI variables with ECR credentials that a Lambda function renews, for hosted and instance runners, by
    name."""
    job_roles: NotRequired[dict[str, JobRoleDeclaration]]
    """IAM roles that jobs assume with a GitLab ID token, to push images to ECR, by name."""
    ecr_settings: NotRequired[dict[str, EcrSettingsDeclaration]]
    """Settings of this account's whole ECR registry, by region. Declare them in one stack only: ECR has one
    of each, and two stacks would overwrite each other's settings. Default: unchanged."""
    network: NotRequired[NetworkDeclaration]
    """A VPC that the stack creates for hosts that declare no `vpc`; `{}` for the defaults. Default: none."""
    proxy: NotRequired[ProxyDeclaration]
    """The HTTP proxy of the hosts. Default: none."""
    certificate_authorities: NotRequired[dict[str, CertificateAuthorityDeclaration]]
    """Private certificate authorities that hosts trust, by name. Default: only public authorities."""
    tags: NotRequired[dict[str, Input[str]]]
    """Tags of all AWS resources that support tags, including instances and volumes of hosts and fleets, to
    which the provider's `defaultTags` are not applied. A change needs new hosts. Default: none."""
    operators: NotRequired[list[Input[str]]]
    """The ARNs of the IAM roles and users that run Pulumi on this stack; `*` matches any characters. Only
    they can then read and write the files of hosts in EC2; the hosts can read them. Default: all principals
    of this account that IAM policies allow to."""
    path_prefix: NotRequired[str]
    """The prefix of the names of hosts in Parameter Store, CloudWatch and S3, after `/PROJECT/STACK/`. Two
    `RunnerStack`s of one program need different prefixes. Default: the component's name and `-`; for a
    `RunnerStack` with the name `ci`, empty."""


RegistryUser = Runner | Manager | MachineImage | HostedAuth | JobRole
"""The model of a declaration with a list of registries that it uses."""


@dataclass(frozen=True)
class Stack:
    """The model of a valid declaration, with the defaults filled in."""

    gitlab_url: Value[str] = GITLAB_COM
    registries: Mapping[str, Registry] = field(default_factory=dict)
    builds: Mapping[str, Build] = field(default_factory=dict)
    managers: Mapping[str, Manager] = field(default_factory=dict)
    machine_images: Mapping[str, MachineImage] = field(default_factory=dict)
    cache: Cache | None = None
    variables: tuple[Variable, ...] = ()
    mirrors: Mapping[str, Mirror] = field(default_factory=dict)
    hosted_auth: Mapping[str, HostedAuth] = field(default_factory=dict)
    job_roles: Mapping[str, JobRole] = field(default_factory=dict)
    ecr_settings: Mapping[str, EcrSettings] = field(default_factory=dict)
    network: Network | None = None
    authorities: Authorities = ()
    tags: AwsTags = field(default_factory=dict)
    path_prefix: str | None = None
    operators: tuple[Value[str], ...] = ()

    @property
    def runners(self) -> dict[str, Runner]:
        """The runners of all managers, by name."""
        return {runner.name: runner for manager in self.managers.values() for runner in manager.runners}

    @property
    def in_aws(self) -> bool:
        """Whether the stack needs an AWS account and region.

        Renewed CI variables and job roles have registries in AWS, so they need no condition.
        """
        return bool(
            self.ecr_settings
            or self.network
            or self.machine_images
            or (self.managers and self.cache)
            or any(manager.host.docker is None for manager in self.managers.values())
            or any(each.in_aws for each in self.registries.values())
        )

    def manager_of(self, runner: str) -> Manager:
        """The manager of a runner."""
        return next(each for each in self.managers.values() if self.runners[runner] in each.runners)

    def registries_of(self, user: RegistryUser) -> dict[str, Registry]:
        """The registries that a part of the stack uses, in the order of its declaration."""
        return {name: self.registries[name] for name in user.registries}


def parse_stack(declaration: Any, environment: AwsEnvironment | None = None, path: str = "stack") -> Stack:
    """Validate a declaration and convert it to the model; the only function that does so.

    Args:
        declaration: a mapping with the keys of `StackDeclaration`; for an Output or an encrypted value, its
            handle (`inputs.Deferred`).
        environment: the AWS account and region; None if not known yet: then the caller must call `check_in`.
        path: the prefix of the problems' paths.

    Raises:
        DeclarationError: the declaration has problems; contains all of them. If keys or types are wrong, it
            contains, of the problems of other parts, those that do not depend on what they refer to.
    """
    shaped = checked(declaration, StackDeclaration, path, _problems, _own_problems)
    cache = parse_cache(shaped["cache"]) if "cache" in shaped else None
    gitlab_url = shaped.get("gitlab_url", GITLAB_COM)
    network = parse_network(shaped["network"]) if "network" in shaped else None
    authorities = parse_authorities(shaped.get("certificate_authorities", {}))
    proxy = parse_proxy(shaped["proxy"]) if "proxy" in shaped else None
    stack = Stack(
        gitlab_url=value(gitlab_url),
        registries=parse_registries(shaped.get("registries", {})),
        builds={name: parse_build(each) for name, each in shaped.get("builds", {}).items()},
        managers=parse_managers(
            shaped.get("runners", {}), CommonSettings(cache, network, proxy, authorities)
        ),
        machine_images={
            name: parse_machine_image(name, each) for name, each in shaped.get("machine_images", {}).items()
        },
        cache=cache,
        variables=tuple(map(parse_variable, shaped.get("variables", ()))),
        mirrors={name: parse_mirror(name, each) for name, each in shaped.get("mirrors", {}).items()},
        hosted_auth={
            name: parse_hosted_auth(name, each) for name, each in shaped.get("hosted_auth", {}).items()
        },
        job_roles={
            name: parse_job_role(name, each, gitlab_url) for name, each in shaped.get("job_roles", {}).items()
        },
        ecr_settings={
            region: parse_ecr_settings(each) for region, each in shaped.get("ecr_settings", {}).items()
        },
        network=network,
        authorities=authorities,
        tags=parse_tags(shaped.get("tags", {})),
        path_prefix=shaped.get("path_prefix"),
        operators=values(shaped.get("operators", ())),
    )
    refuse(_job_network_problems(stack, path))
    if environment is not None:
        check_in(stack, environment, path)
    return stack


def parse_registries(declaration: Mapping[str, RegistryDeclaration]) -> dict[str, Registry]:
    """The registries that valid declarations describe, by name."""
    return {name: parse_registry(name, each) for name, each in declaration.items()}


def registries_problems(declaration: Mapping[str, RegistryDeclaration], path: str) -> Iterator[Problem]:
    """The problems of registries; `path` is that of the declaration that has them as its key `registries`."""
    for name, registry in declaration.items():
        at = join_path(path, "registries", name)
        yield from _name_problems(name, at)
        yield from registry_problems(registry, at)
        if "pull_through" in registry:
            yield from prefix_problems(name, at)
    yield from shared_host_problems(parse_registries(declaration), None, join_path(path, "registries"))


def check_in(stack: Stack, environment: AwsEnvironment, path: str = "stack") -> None:
    """Check what depends on the AWS account and region, such as the hosts of registries and the images.

    Args:
        stack: the stack, resolved.
        environment: the AWS account and region.
        path: the prefix of the problems' paths.

    Raises:
        DeclarationError: the stack has problems; contains all of them.
    """
    refuse(_problems_in(stack, environment, path))


def _problems_in(stack: Stack, environment: AwsEnvironment, path: str) -> Iterator[Problem]:
    yield from shared_host_problems(stack.registries, environment, join_path(path, "registries"))
    yield from own_account_problems(stack, environment, path)
    yield from _job_network_problems(stack, path)
    for name, machine_image in stack.machine_images.items():
        at = join_path(path, "machine_images", name)
        yield from machine_image_problems_in(machine_image, stack.registries, environment, at)
    for manager in stack.managers.values():
        for runner in manager.runners:
            at = join_path(path, "runners", runner.name)
            yield from runner_problems_in(runner, stack.registries, environment, at)
        if manager.host.docker:
            yield from image_problems(
                known(manager.host.docker.image),
                join_path(path, "runners", manager.name, "host", "docker", "image"),
                stack.registries,
                manager.registries,
                environment,
            )


def _job_network_problems(stack: Stack, path: str) -> Iterator[Problem]:
    """The problems of networks of hosts that overlap their job networks; only known ranges are checked."""
    for manager in stack.managers.values():
        if manager.host.docker:
            continue
        at = join_path(path, "runners", manager.name)
        destinations = list(_declared_destinations(stack, manager, path))
        machines: list[tuple[Host | Fleet, str]] = [(manager.host, join_path(at, "host"))]
        if manager.fleet:
            fleet_at = join_path(at, "fleet")
            machines = [(manager.fleet, fleet_at), (manager.host, join_path(fleet_at, "manager"))]
        for machine, machine_at in machines:
            if machine.job_networks is None:
                continue
            own = [
                Met("a peer network", cidr, join_path(machine_at, "peer_networks", index))
                for index, cidr in enumerate(machine.peer_networks)
            ]
            if stack.network and machine.vpc is None:
                own.append(Met("the network", stack.network.cidr, join_path(path, "network", "cidr")))
            job_networks_at = join_path(machine_at, "job_networks")
            yield from overlap_problems(machine.job_networks, [*own, *destinations], job_networks_at)


def _declared_destinations(stack: Stack, manager: Manager, path: str) -> Iterator[Met]:
    """The destinations of a manager's host that are declared by an IP address."""
    if is_known(stack.gitlab_url):
        yield from address_of(known(stack.gitlab_url), "GitLab", join_path(path, "gitlab_url"))
    for name, registry in stack.registries_of(manager).items():
        if isinstance(registry, HostRegistry) and is_known(registry.host):
            host_at = join_path(path, "registries", name, "host")
            yield from address_of(known(registry.host), "the registry", host_at)
    for runner in manager.runners:
        docker_at = join_path(path, "runners", runner.name, "config", "docker")
        yield from name_servers(runner.config.get("docker", {}), docker_at)


def _own_problems(declaration: StackDeclaration, path: str) -> Iterator[Problem]:
    """The problems that do not depend on a part to which another part refers."""
    url = declaration.get("gitlab_url", GITLAB_COM)
    yield from check(url, _url_problems, join_path(path, "gitlab_url"))
    for kind in ("builds", "mirrors", "runners", "machine_images", "hosted_auth", "job_roles"):
        for name in declaration.get(kind, {}):  # type: ignore[attr-defined]
            yield from _name_problems(name, join_path(path, kind, name))
    yield from tags_problems(declaration.get("tags", {}), join_path(path, "tags"))
    yield from operators_problems(declaration.get("operators"), join_path(path, "operators"))
    allowed = "up to 32 of a-z, 0-9 and '-', such as blue-"
    yield from check_key(declaration, "path_prefix", path, form_problems, _PATH_PREFIX, allowed)
    yield from registries_problems(declaration.get("registries", {}), path)
    for name, build in declaration.get("builds", {}).items():
        yield from build_settings_problems(build, join_path(path, "builds", name))
    for name, runner in declaration.get("runners", {}).items():
        at = join_path(path, "runners", name)
        yield from runner_problems(runner, at)
        yield from manager_problems(runner, at)
    yield from check_key(declaration, "cache", path, cache_problems)
    for region, settings in declaration.get("ecr_settings", {}).items():
        at = join_path(path, "ecr_settings", region)
        yield from region_problems(region, at)
        yield from ecr_settings_problems(settings, region, at)
    yield from check_key(declaration, "network", path, network_problems)
    yield from check_key(declaration, "proxy", path, proxy_problems)
    at = join_path(path, "certificate_authorities")
    yield from authorities_problems(declaration.get("certificate_authorities", {}), at)


def _problems(declaration: StackDeclaration, path: str) -> Iterator[Problem]:
    yield from _own_problems(declaration, path)
    registries = parse_registries(declaration.get("registries", {}))
    builds = declaration.get("builds", {})
    for name, build in builds.items():
        yield from repository_problems(build, join_path(path, "builds", name), registries)
    yield from shared_repository_problems(builds, join_path(path, "builds"))
    yield from _runners_problems(declaration, registries, path)
    machine_images = declaration.get("machine_images", {})
    for name, machine_image in machine_images.items():
        yield from machine_image_problems(machine_image, join_path(path, "machine_images", name), registries)
    yield from check_key(declaration, "variables", path, variable_problems, registries)
    for name, auth in declaration.get("hosted_auth", {}).items():
        yield from hosted_auth_problems(auth, join_path(path, "hosted_auth", name), registries)
    names = {name: name for name in declaration.get("hosted_auth", {})}
    yield from ending_problems(names, "schedule", join_path(path, "hosted_auth"))
    for name, mirror in declaration.get("mirrors", {}).items():
        yield from mirror_problems(mirror, join_path(path, "mirrors", name), registries)
    yield from _repeated_variables(declaration, path)
    for name, role in declaration.get("job_roles", {}).items():
        yield from job_role_problems(
            role, join_path(path, "job_roles", name), registries, declaration.get("gitlab_url", GITLAB_COM)
        )
    machines = {
        name: "a Docker host" if "docker" in each.get("host", {}) else "a fleet with an 'ami'"
        for name, each in declaration.get("runners", {}).items()
        if "docker" in each.get("host", {}) or "ami" in each.get("fleet", {})
    }
    authorities = declaration.get("certificate_authorities", {})
    at = join_path(path, "certificate_authorities")
    yield from other_machine_problems(authorities, machines, at)


def _runners_problems(
    declaration: StackDeclaration, registries: dict[str, Registry], path: str
) -> Iterator[Problem]:
    runners = declaration.get("runners", {})
    for name, runner in runners.items():
        at, host = join_path(path, "runners", name), host_of(name, runners)
        used = runner.get("registries", [])
        yield from used_registry_problems(runner, at, registries, host)
        yield from used_host_problems(name, runners, at)
        yield from used_image_problems(runner, declaration.get("machine_images", {}), at)
        if "docker" in host:
            docker, docker_at = host["docker"], join_path(at, "host", "docker")
            yield from docker_registry_problems(docker, used, registries, at)
            if "host" in runner:
                yield from check_key(docker, "image", docker_at, image_problems, registries, used, None)
                if "cache" in declaration:
                    yield from docker_cache_problems(docker, docker_at)
        if "cache" in declaration:
            own = runner.get("config", {}).get("cache", {})
            yield from own_place_problems(own, join_path(at, "config", "cache"))
        if "renamed_from" in runner:
            yield from _name_problems(runner["renamed_from"], join_path(at, "renamed_from"))
    yield from renaming_problems(runners, join_path(path, "runners"))
    yield from runner_name_problems(runners, join_path(path, "runners"))
    if declaration.get("hosted_auth"):
        prefix = declaration.get("path_prefix", "")
        yield from parameter_name_problems(runners, prefix, join_path(path, "runners"))
    if "network" in declaration and runners and all("docker" in host_of(name, runners) for name in runners):
        yield Problem(
            join_path(path, "network"),
            "a VPC, for Docker hosts",
            "no 'network'",
            "the stack's network is only for EC2 hosts",
        )


def _url_problems(url: str, path: str) -> Iterator[Problem]:
    allowed = "GitLab's address without /api/v4, such as https://gitlab.example.com"
    address = _USER.sub("", url)
    if not is_web_address(address) or _UNWRITTEN.search(url) or url.rstrip("/").endswith("/api/v4"):
        yield Problem(path, repr(without_password(url)), allowed)
    elif address != url:
        fix = "it is in config.toml in plain text; runners authenticate by their tokens"
        yield Problem(path, "an address with a user or password", allowed, fix)


def _name_problems(name: str, path: str) -> Iterator[Problem]:
    allowed = "a name of a-z, 0-9 and '-', that starts with a letter, 32 characters at most"
    return form_problems(name, path, _NAME, allowed)


def _can_be_built(mirror: MirrorDeclaration) -> bool:
    """Whether every image of a mirror can be parsed; an invalid image is a separate problem."""
    try:
        parse_mirror("", mirror)
    except InvalidImageReference:
        return False
    return True


def _repeated_variables(declaration: StackDeclaration, path: str) -> Iterator[Problem]:
    declared = [
        (join_path("variables", index), parse_variable(each))
        for index, each in enumerate(declaration.get("variables", []))
    ]
    declared += [
        (join_path("hosted_auth", name), variable)
        for name, each in declaration.get("hosted_auth", {}).items()
        # A duplicate scope is a separate problem.
        for variable in dict.fromkeys(parse_hosted_auth(name, each).variables)
    ]
    declared += [
        (join_path("mirrors", name, "variables"), variable)
        for name, mirror in declaration.get("mirrors", {}).items()
        if _can_be_built(mirror)
        for variable in mirror_variables(parse_mirror(name, mirror), dict.fromkeys(mirror["images"]))
    ]
    seen: dict[object, str] = {}
    for variable_at, variable in declared:
        identity = (variable.scope, variable.key, variable.environment_scope)
        first = seen.setdefault(identity, variable_at)
        if first != variable_at:
            yield Problem(
                f"{path}.{variable_at}",
                f"{variable.key} of {variable.scope.label}, which {first} also declares",
                "each key once for each scope and environment",
            )
