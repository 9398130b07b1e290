"""The whole declaration of a stack."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from pulumi_gitlab_runner.images.reference import without_password
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.builds import (
    Build,
    BuildDeclaration,
    build_of,
    build_settings_problems,
    repository_problems,
    shared_repository_problems,
)
from pulumi_gitlab_runner.spec.cache import (
    Cache,
    CacheDeclaration,
    build_cache,
    cache_problems,
    own_place_problems,
)
from pulumi_gitlab_runner.spec.docker_hosts import (
    docker_cache_problems,
    docker_registry_problems,
    manager_image_problems,
    needs_aws,
)
from pulumi_gitlab_runner.spec.ecr_settings import (
    EcrSettings,
    EcrSettingsDeclaration,
    ecr_settings_of,
    ecr_settings_problems,
)
from pulumi_gitlab_runner.spec.hosted_auth import (
    HostedAuth,
    HostedAuthDeclaration,
    build_hosted_auth,
    hosted_auth_problems,
)
from pulumi_gitlab_runner.spec.job_roles import (
    JobRole,
    JobRoleDeclaration,
    build_job_role,
    job_role_problems,
)
from pulumi_gitlab_runner.spec.managers import Manager, build_managers, host_of, manager_problems
from pulumi_gitlab_runner.spec.mirrors import (
    Mirror,
    MirrorDeclaration,
    build_mirror,
    mirror_problems,
    mirror_variables,
)
from pulumi_gitlab_runner.spec.network import Network, NetworkDeclaration, network_of, network_problems
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.registries import (
    Registry,
    RegistryDeclaration,
    build_registry,
    registry_problems,
)
from pulumi_gitlab_runner.spec.registries.addresses import shared_host_problems
from pulumi_gitlab_runner.spec.registries.ecr import region_problems
from pulumi_gitlab_runner.spec.registries.pull_through import prefix_problems
from pulumi_gitlab_runner.spec.renaming import renaming_problems
from pulumi_gitlab_runner.spec.runners import Runner, RunnerDeclaration, runner_problems
from pulumi_gitlab_runner.spec.shape import KNOWN_LATER, checked
from pulumi_gitlab_runner.spec.variables import (
    Variable,
    VariableDeclaration,
    build_variable,
    variable_problems,
)

GITLAB_COM = "https://gitlab.com"


@with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))
class StackDeclaration(TypedDict):
    """All that a stack declares."""

    gitlab_url: NotRequired[str]
    """GitLab's address, as the runners reach it. Default: that of the GitLab provider, else `https://gitlab.com`."""
    registries: NotRequired[dict[str, RegistryDeclaration]]
    """The container registries, by a name of your own that runners and images then use."""
    builds: NotRequired[dict[str, BuildDeclaration]]
    """The images that are built here and pushed to declared repositories, by name."""
    runners: NotRequired[dict[str, RunnerDeclaration]]
    """The runners, by name."""
    cache: NotRequired[CacheDeclaration]
    """The cache of the runners' jobs. Default: none, and each host or worker keeps what it has."""
    variables: NotRequired[list[VariableDeclaration]]
    """The CI variables."""
    mirrors: NotRequired[dict[str, MirrorDeclaration]]
    """Images of other registries that are brought into one of these, by a name of your own."""
    hosted_auth: NotRequired[dict[str, HostedAuthDeclaration]]
    """CI variables with credentials of ECR that a function renews, for hosted and instance runners."""
    job_roles: NotRequired[dict[str, JobRoleDeclaration]]
    """IAM roles that jobs take on with an ID token of GitLab, to push images to ECR."""
    ecr_settings: NotRequired[dict[str, EcrSettingsDeclaration]]
    """Settings of this account's whole ECR registry, by the region. In one stack only: ECR has one of each,
    and two stacks would overwrite one another's. Default: left as they are."""
    network: NotRequired[NetworkDeclaration]
    """A VPC of the stack's own, for the hosts that name no `vpc`; `{}` takes its defaults. Default: none."""


RegistryUser = Runner | Manager | HostedAuth | JobRole
"""What names registries that it uses."""


@dataclass(frozen=True)
class Stack:
    """A declaration without problems, with the defaults filled in."""

    gitlab_url: str
    registries: Mapping[str, Registry]
    builds: Mapping[str, Build]
    managers: Mapping[str, Manager]
    cache: Cache | None
    variables: tuple[Variable, ...]
    mirrors: Mapping[str, Mirror]
    hosted_auth: Mapping[str, HostedAuth]
    job_roles: Mapping[str, JobRole]
    ecr_settings: Mapping[str, EcrSettings]
    network: Network | None

    @property
    def runners(self) -> dict[str, Runner]:
        """The runners of all managers, by name."""
        return {runner.name: runner for manager in self.managers.values() for runner in manager.runners}

    @property
    def in_aws(self) -> bool:
        """Whether anything of it lives in AWS, or must be known there."""
        return bool(
            self.ecr_settings
            or self.network
            or self.hosted_auth
            or self.job_roles
            or (self.managers and self.cache)
            or any(manager.host.docker is None for manager in self.managers.values())
            or any(map(needs_aws, self.registries.values()))
        )

    def manager_of(self, runner: str) -> Manager:
        """The manager that serves a runner."""
        return next(each for each in self.managers.values() if self.runners[runner] in each.runners)

    def registries_of(self, user: RegistryUser) -> dict[str, Registry]:
        """The registries that something uses, in the order that it names them."""
        return {name: self.registries[name] for name in user.registries}


def build_stack(declaration: Any, environment: AwsEnvironment | None = None, path: str = "stack") -> Stack:
    """The stack that a declaration describes.

    Args:
        declaration: plain values in the shape of `StackDeclaration`; for a secret that is not known yet,
            `shape.KNOWN_LATER`.
        environment: where the stack lives. None while that is not known: then what depends on this
            account's number is not checked.
        path: what the paths of problems start with.

    Raises:
        DeclarationError: with every problem of the declaration, as far as its shape allows to look.
    """
    shaped = checked(
        declaration, StackDeclaration, path, lambda shaped, path: _problems(shaped, environment, path)
    )
    cache = build_cache(shaped["cache"]) if "cache" in shaped else None
    gitlab_url = shaped.get("gitlab_url", GITLAB_COM)
    return Stack(
        gitlab_url=gitlab_url,
        registries={name: build_registry(name, each) for name, each in shaped.get("registries", {}).items()},
        builds={name: build_of(each) for name, each in shaped.get("builds", {}).items()},
        managers=build_managers(shaped.get("runners", {}), cache),
        cache=cache,
        variables=tuple(map(build_variable, shaped.get("variables", ()))),
        mirrors={name: build_mirror(name, each) for name, each in shaped.get("mirrors", {}).items()},
        hosted_auth={
            name: build_hosted_auth(name, each) for name, each in shaped.get("hosted_auth", {}).items()
        },
        job_roles={
            name: build_job_role(name, each, gitlab_url) for name, each in shaped.get("job_roles", {}).items()
        },
        ecr_settings={
            region: ecr_settings_of(each) for region, each in shaped.get("ecr_settings", {}).items()
        },
        network=network_of(shaped["network"]) if "network" in shaped else None,
    )


def build_registries(declaration: Any, path: str) -> dict[str, Registry]:
    """The registries that a declaration describes, for a component that takes them alone.

    Raises:
        DeclarationError: with every problem of the declaration.
    """
    return dict(build_stack({"registries": declaration}, path=path).registries)


def _problems(
    declaration: StackDeclaration, environment: AwsEnvironment | None, path: str
) -> Iterator[Problem]:
    url = declaration.get("gitlab_url", GITLAB_COM)
    if not url.startswith(("https://", "http://")) or url.rstrip("/").endswith("/api/v4"):
        yield Problem(
            join_path(path, "gitlab_url"),
            repr(without_password(url)),
            "GitLab's address without /api/v4, such as https://gitlab.example.com",
        )
    for kind in ("registries", "builds", "mirrors", "runners", "hosted_auth", "job_roles"):
        for name in declaration.get(kind, {}):  # type: ignore[attr-defined]
            yield from _name_problems(name, join_path(path, kind, name))
    for name, registry in declaration.get("registries", {}).items():
        at = join_path(path, "registries", name)
        yield from registry_problems(registry, at)
        if "pull_through" in registry:
            yield from prefix_problems(name, at)
    registries = {
        name: build_registry(name, each) for name, each in declaration.get("registries", {}).items()
    }
    yield from shared_host_problems(registries, environment, join_path(path, "registries"))
    builds = declaration.get("builds", {})
    for name, build in builds.items():
        at = join_path(path, "builds", name)
        yield from build_settings_problems(build, at)
        yield from repository_problems(build, at, registries)
    yield from shared_repository_problems(builds, join_path(path, "builds"))
    runners = declaration.get("runners", {})
    for name, runner in runners.items():
        at = join_path(path, "runners", name)
        yield from runner_problems(runner, at, registries, host_of(name, runners), environment)
        yield from manager_problems(name, runners, at)
        if "docker" in host_of(name, runners):
            docker = host_of(name, runners)["docker"]
            yield from docker_registry_problems(docker, runner.get("registries", []), registries, at)
            if "host" in runner:
                place = join_path(at, "host", "docker")
                used = runner.get("registries", [])
                yield from manager_image_problems(docker, used, registries, environment, place)
                if "cache" in declaration:
                    yield from docker_cache_problems(docker, place)
        if "cache" in declaration:
            own = runner.get("config", {}).get("cache", {})
            yield from own_place_problems(own, join_path(at, "config", "cache"))
        if "renamed_from" in runner:
            yield from _name_problems(runner["renamed_from"], join_path(at, "renamed_from"))
    yield from renaming_problems(runners, join_path(path, "runners"))
    yield from cache_problems(declaration.get("cache", {}), join_path(path, "cache"))
    variables = declaration.get("variables", [])
    for index, variable in enumerate(variables):
        yield from variable_problems(variable, join_path(path, "variables", index), registries)
    for name, auth in declaration.get("hosted_auth", {}).items():
        yield from hosted_auth_problems(auth, join_path(path, "hosted_auth", name), registries)
    for name, mirror in declaration.get("mirrors", {}).items():
        yield from mirror_problems(mirror, join_path(path, "mirrors", name), registries)
    yield from _repeated_variables(declaration, path)
    for name, role in declaration.get("job_roles", {}).items():
        yield from job_role_problems(role, join_path(path, "job_roles", name), registries, url)
    for region, settings in declaration.get("ecr_settings", {}).items():
        at = join_path(path, "ecr_settings", region)
        yield from region_problems(region, at)
        yield from ecr_settings_problems(settings, region, at)
    if "network" in declaration:
        yield from network_problems(declaration["network"], join_path(path, "network"))
        if runners and all("docker" in host_of(name, runners) for name in runners):
            yield Problem(
                join_path(path, "network"),
                "a VPC, for Docker hosts",
                "no 'network'",
                "a Docker host has its network: only EC2 hosts live in one of the stack",
            )


def _name_problems(name: str, path: str) -> Iterator[Problem]:
    plain = name.replace("-", "a")
    if (
        not (plain.isascii() and plain.isalnum() and plain == plain.lower() and name[0].isalpha())
        or len(name) > 32
    ):
        yield Problem(
            path, repr(name), "a name of a-z, 0-9 and '-', that starts with a letter, 32 characters at most"
        )


def _repeated_variables(declaration: StackDeclaration, path: str) -> Iterator[Problem]:
    declared = [
        (join_path("variables", index), build_variable(each))
        for index, each in enumerate(declaration.get("variables", []))
    ]
    declared += [
        (join_path("hosted_auth", name), variable)
        for name, each in declaration.get("hosted_auth", {}).items()
        # One scope named twice is told of where it stands.
        for variable in dict.fromkeys(build_hosted_auth(name, each).variables)
    ]
    declared += [
        (join_path("mirrors", name, "variables"), build_variable(variable))
        for name, mirror in declaration.get("mirrors", {}).items()
        for variable in mirror_variables(mirror, dict.fromkeys(mirror["images"], KNOWN_LATER))
    ]
    seen: dict[object, str] = {}
    for place, variable in declared:
        identity = (variable.scope, variable.key, variable.environment_scope)
        first = seen.setdefault(identity, place)
        if first != place:
            yield Problem(
                f"{path}.{place}",
                f"{variable.key} of {variable.scope} once more, as in {first}",
                "each key once for a scope and environment",
            )
