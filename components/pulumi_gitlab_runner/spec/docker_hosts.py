"""Docker hosts: machines on which a runner manager runs as a container."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.inputs import Deferred, Input, SecretInput, Value, check_key, model_of, strict
from pulumi_gitlab_runner.spec.problems import Problem, form_problems, join_path, listed
from pulumi_gitlab_runner.spec.registries import Registry
from pulumi_gitlab_runner.spec.registries.repositories import empty_problems

RUNNER_IMAGE = "gitlab/gitlab-runner:alpine-v{version}"
"""GitLab's image of GitLab Runner: docs.gitlab.com/runner/install/docker."""


@strict
class AccessKeyDeclaration(TypedDict):
    """An AWS access key."""

    id: Input[str]
    """The access key ID, `AKIA…`."""
    secret: SecretInput[str]
    """The secret access key: `pulumi config set --secret --path`."""


@strict
class AwsCredentialsDeclaration(TypedDict):
    """The AWS credentials of a runner manager on a Docker host: one of `directory` and `access_key`."""

    directory: NotRequired[Input[str]]
    """The directory on the Docker host with the files `config` and `credentials` of the AWS CLI. The manager
    reads them when it needs credentials. The program of a `credential_process`, such as that of IAM Roles
    Anywhere, must be in the manager's image."""
    profile: NotRequired[Input[str]]
    """The profile in these files. Default: `default`."""
    access_key: NotRequired[AccessKeyDeclaration]
    """An access key of an IAM user, which is stored in the manager's volume."""


@strict
class DockerHostDeclaration(TypedDict):
    """An existing Docker host; `{}` for the defaults.

    The Docker provider configures its address: `docker:host` of the stack, such as
    `ssh://ci@build.example.com`, else DOCKER_HOST. A program can give each `DockerRunnerHost` another
    provider.
    """

    image: NotRequired[Input[str]]
    """The manager's image: GitLab's image for `runner_version`, or an image based on it, with the programs
    that its registries need: `docker-credential-ecr-login` for ECR, `aws` for passwords in Secrets Manager
    and Parameter Store, other helpers, and `python3` for each of these. An image of the stack's `builds` is
    named by its repository. The Docker provider pulls the image, from a private registry with
    `docker:registryAuth`. Default `gitlab/gitlab-runner:alpine-vVERSION`, which contains none of these
    programs."""
    socket: NotRequired[Input[str]]
    """The Docker Engine's socket on the host. The manager starts jobs with it, which is equivalent to root
    access to the host. Default `/var/run/docker.sock`."""
    aws_credentials: NotRequired[AwsCredentialsDeclaration]
    """The manager's AWS credentials, for ECR, Secrets Manager, Parameter Store and the cache. Default: none;
    a Docker host has no IAM role."""


@dataclass(frozen=True)
class AwsCredentials:
    """The AWS credentials of a manager.

    Attributes:
        directory: the directory on the Docker host with the files of the AWS CLI; None for an access key.
        profile: the profile in these files.
        access_key: the access key ID, and the handle of the secret access key.
    """

    directory: Value[str] | None = None
    profile: Value[str] = "default"
    access_key: "tuple[Value[str], Deferred[str]] | None" = field(default=None, compare=False)


@dataclass(frozen=True)
class DockerHost:
    """A Docker host, with the defaults filled in."""

    shown = ("image",)

    image: Value[str]
    socket: Value[str] = "/var/run/docker.sock"
    aws_credentials: AwsCredentials | None = None


_ABSOLUTE = re.compile(r"(/[A-Za-z0-9_.@-]+)+")
_PATH = "an absolute path on the Docker host, such as"


def parse_docker_host(declaration: DockerHostDeclaration, runner_version: str) -> DockerHost:
    """The Docker host that a valid declaration describes."""
    default_image = {"image": RUNNER_IMAGE.format(version=runner_version)}
    return model_of(DockerHost, default_image | declaration, {"aws_credentials": _parse_aws_credentials})


def _parse_aws_credentials(declaration: AwsCredentialsDeclaration) -> AwsCredentials:
    return model_of(AwsCredentials, declaration, {"access_key": lambda key: (key["id"], key["secret"])})


def docker_host_problems(declaration: DockerHostDeclaration, path: str) -> Iterator[Problem]:
    """The problems of a Docker host that do not depend on the rest of the declaration."""
    yield from check_key(
        declaration, "socket", path, form_problems, _ABSOLUTE, f"{_PATH} {DockerHost.socket}"
    )
    yield from check_key(declaration, "aws_credentials", path, _aws_credentials_problems)


def docker_registry_problems(
    declaration: DockerHostDeclaration, used: Sequence[str], registries: Mapping[str, Registry], path: str
) -> Iterator[Problem]:
    """The problems of the registries of a runner on a Docker host; `path` is that of the runner."""
    for index, name in enumerate(used):
        registry = registries.get(name)
        if registry is None:
            continue
        at = join_path(path, "registries", index)
        if registry.in_aws and "aws_credentials" not in declaration:
            yield Problem(
                at,
                f"{name!r}, whose credentials come from AWS: a Docker host has no IAM role",
                "registries with a declared user and password, or GitLab's",
                "declare 'aws_credentials', the AWS credentials of the manager",
            )
        if registry.program and "image" not in declaration:
            yield Problem(
                at,
                f"{name!r}, whose credentials need a program that GitLab's runner image does not contain",
                "an 'image' of the Docker host that contains it",
                f"build an image from GitLab's image, with {registry.program} and python3, as "
                "docker/manager_image/Dockerfile of this library does for ECR and AWS",
            )


def docker_cache_problems(declaration: DockerHostDeclaration, path: str) -> Iterator[Problem]:
    """The problems of a Docker host in a stack with a cache."""
    if "aws_credentials" not in declaration:
        yield Problem(
            path,
            "no 'aws_credentials', in a stack with a cache",
            "the AWS credentials of the manager",
            "the cache is in S3, and a Docker host has no IAM role",
        )


def _aws_credentials_problems(declaration: AwsCredentialsDeclaration, path: str) -> Iterator[Problem]:
    ways = [way for way in ("directory", "access_key") if way in declaration]
    if len(ways) != 1:
        yield Problem(path, listed(ways, "neither"), "exactly one of directory, access_key")
    if "profile" in declaration and "directory" not in declaration:
        at = join_path(path, "profile")
        yield Problem(at, "a profile, with no 'directory'", "'profile' together with 'directory'")
    yield from check_key(declaration, "directory", path, form_problems, _ABSOLUTE, f"{_PATH} /root/.aws")
    access_key, at = declaration.get("access_key", {}), join_path(path, "access_key")
    for key in access_key:
        yield from check_key(access_key, key, at, empty_problems, "the ID and the secret of an access key")
