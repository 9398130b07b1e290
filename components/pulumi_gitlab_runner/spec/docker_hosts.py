"""Docker hosts: where a runner manager is a container, beside those of its jobs."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.images import image_problems
from pulumi_gitlab_runner.spec.problems import Problem, join_path, listed
from pulumi_gitlab_runner.spec.registries import (
    GitLabRegistry,
    HelperRegistry,
    Registry,
    StaticRegistry,
)
from pulumi_gitlab_runner.spec.shape import KNOWN_LATER

_strict = with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))

RUNNER_IMAGE = "gitlab/gitlab-runner:alpine-v{version}"
"""GitLab's own image of the manager: docs.gitlab.com/runner/install/docker."""


@_strict
class AccessKeyDeclaration(TypedDict):
    """An access key of AWS."""

    id: str
    """Its id, `AKIA…`."""
    secret: str
    """The secret access key: `pulumi config set --secret --path`."""


@_strict
class AwsCredentialsDeclaration(TypedDict):
    """Who a runner manager on a Docker host is to AWS: one of `directory` and `access_key`."""

    directory: NotRequired[str]
    """The directory on the Docker host that has the files `config` and `credentials` of the AWS command line.
    The manager reads it as it is then. A `credential_process` in it, such as that of IAM Roles Anywhere, must
    be in the manager's image."""
    profile: NotRequired[str]
    """The profile in these files. Default: `default`."""
    access_key: NotRequired[AccessKeyDeclaration]
    """An access key of an IAM user, which lies in the manager's volume."""


@_strict
class DockerHostDeclaration(TypedDict):
    """A Docker host of your own; `{}` takes the defaults.

    Which one is said by the Docker provider: `docker:host` of the stack, such as `ssh://ci@build.example.com`,
    else DOCKER_HOST. A program of your own may give each `DockerRunnerHost` another provider.
    """

    image: NotRequired[str]
    """The manager's image: GitLab's for `runner_version`, or one built on it, with what its registries need:
    `docker-credential-ecr-login` for ECR, `aws` for passwords in AWS's secret stores, other helpers, and
    `python3` for each of these.
    One of the stack's `builds` is named by its repository. The Docker provider pulls it, from a private
    registry with its `docker:registryAuth`. Default `gitlab/gitlab-runner:alpine-vVERSION`, which has none
    of these."""
    socket: NotRequired[str]
    """The Docker Engine's socket on the host. The manager starts jobs with it, and is as powerful as root
    there. Default `/var/run/docker.sock`."""
    aws_credentials: NotRequired[AwsCredentialsDeclaration]
    """Who the manager is to AWS, for ECR, AWS's secret stores and the cache. Default: nobody, since a Docker
    host has no role."""


@dataclass(frozen=True)
class AwsCredentials:
    """Who a manager is to AWS. An access key itself is not kept here.

    Attributes:
        directory: a directory of the Docker host; None for an access key.
        profile: the profile in its files.
    """

    directory: str | None = None
    profile: str = "default"


@dataclass(frozen=True)
class DockerHost:
    """A Docker host, with the defaults filled in."""

    image: str
    socket: str = "/var/run/docker.sock"
    aws_credentials: AwsCredentials | None = None


_ABSOLUTE = re.compile(r"(/[A-Za-z0-9_.@-]+)+")


def build_docker_host(declaration: DockerHostDeclaration, runner_version: str) -> DockerHost:
    """The Docker host that a declaration without problems describes."""
    aws_credentials = None
    if "aws_credentials" in declaration:
        declared = declaration["aws_credentials"]
        aws_credentials = AwsCredentials(
            declared.get("directory"), declared.get("profile", AwsCredentials.profile)
        )
    return DockerHost(
        declaration.get("image", RUNNER_IMAGE.format(version=runner_version)),
        declaration.get("socket", DockerHost.socket),
        aws_credentials,
    )


def docker_host_problems(declaration: DockerHostDeclaration, path: str) -> Iterator[Problem]:
    """What is wrong with a Docker host by itself."""
    if not _ABSOLUTE.fullmatch(declaration.get("socket", DockerHost.socket)):
        yield _path_problem(declaration["socket"], join_path(path, "socket"), DockerHost.socket)
    if "aws_credentials" in declaration:
        yield from _aws_credentials_problems(
            declaration["aws_credentials"], join_path(path, "aws_credentials")
        )


def manager_image_problems(
    declaration: DockerHostDeclaration,
    used: Sequence[str],
    registries: Mapping[str, Registry],
    environment: AwsEnvironment | None,
    path: str,
) -> Iterator[Problem]:
    """What is wrong with the manager's image, which may be of the registries that its runner uses.

    Args:
        declaration: the Docker host.
        used: the registries that the runner uses, by name.
        registries: all that are declared.
        environment: where the stack lives; None while that is not known.
        path: the place of the Docker host in the declaration.
    """
    image = declaration.get("image", KNOWN_LATER)
    if image != KNOWN_LATER:
        yield from image_problems(image, join_path(path, "image"), registries, used, environment)


def docker_registry_problems(
    declaration: DockerHostDeclaration, used: Sequence[str], registries: Mapping[str, Registry], path: str
) -> Iterator[Problem]:
    """What is wrong with the registries of a runner whose manager is on a Docker host.

    Args:
        declaration: the Docker host.
        used: the registries that the runner uses, by name.
        registries: all that are declared.
        path: the place of the runner in the declaration.
    """
    for index, name in enumerate(used):
        registry = registries.get(name)
        if registry is None:
            continue
        at = join_path(path, "registries", index)
        if needs_aws(registry) and "aws_credentials" not in declaration:
            yield Problem(
                at,
                f"{name!r}, whose credentials come from AWS, to which a Docker host is nobody",
                "registries with a user and password of their own, or GitLab's",
                "declare 'aws_credentials' beside it: who the manager is to AWS",
            )
        if (needs_aws(registry) or isinstance(registry, HelperRegistry)) and "image" not in declaration:
            yield Problem(
                at,
                f"{name!r}, for which GitLab's own image of the runner has no program",
                "an 'image' of the Docker host that brings it",
                f"build one on GitLab's, with {_program_of(registry)}",
            )


def docker_cache_problems(declaration: DockerHostDeclaration, path: str) -> Iterator[Problem]:
    """What is wrong with a Docker host in a stack with a cache."""
    if "aws_credentials" not in declaration:
        yield Problem(
            path,
            "no 'aws_credentials', in a stack with a cache",
            "who the manager is to AWS",
            "the cache lies in S3, and a Docker host has no role",
        )


def needs_aws(registry: Registry) -> bool:
    """Whether a manager must be known to AWS to pull from a registry."""
    if isinstance(registry, StaticRegistry):
        return not registry.declared
    return not isinstance(registry, GitLabRegistry | HelperRegistry)


def _program_of(registry: Registry) -> str:
    match registry:
        case HelperRegistry():
            return registry.helper
        case StaticRegistry():
            return "aws and jq"
        case _:
            return "docker-credential-ecr-login"


def _aws_credentials_problems(declaration: AwsCredentialsDeclaration, path: str) -> Iterator[Problem]:
    ways = [way for way in ("directory", "access_key") if way in declaration]
    if len(ways) != 1:
        yield Problem(path, listed(ways, "neither"), "exactly one of directory, access_key")
    if "profile" in declaration and "directory" not in declaration:
        yield Problem(join_path(path, "profile"), "a profile, with no 'directory'", "it beside 'directory'")
    directory = declaration.get("directory", "/")
    if directory != "/" and not _ABSOLUTE.fullmatch(directory):
        yield _path_problem(directory, join_path(path, "directory"), "/root/.aws")
    empty = [key for key, value in declaration.get("access_key", {}).items() if not value]
    for key in empty:
        yield Problem(join_path(path, "access_key", key), "an empty text", "that of an access key")


def _path_problem(found: str, path: str, example: str) -> Problem:
    return Problem(path, repr(found), f"an absolute path on the Docker host, such as {example}")
