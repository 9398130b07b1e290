"""Registries whose credentials another Docker credential helper gives: Google's, Azure's, any other.

Source of the names: github.com/GoogleCloudPlatform/docker-credential-gcr (the one that needs no gcloud) and
github.com/chrismellard/docker-credential-acr-env.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.registries.declaration import RegistryDeclaration
from pulumi_gitlab_runner.spec.registries.repositories import Repository, repositories_of

_HELPER = re.compile(r"(/[a-zA-Z0-9_.-]+)*/docker-credential-[a-zA-Z0-9_.-]+")
_RUNNERS_PATH = "/usr/local/bin"
"""The one directory on the PATH of the runner's unit: host/files.py."""


@dataclass(frozen=True)
class HelperRegistry:
    """A registry with a credential helper of its own.

    Attributes:
        host: with its port, and with a path where the credentials are for what is below it.
        helper: the helper's absolute path on the runner host.
    """

    name: str
    host: str
    helper: str
    repositories: Mapping[str, Repository] = field(default_factory=dict)

    def host_in(self, environment: AwsEnvironment) -> str:  # noqa: ARG002 - the same call for every registry
        """What the credentials are for: the host, with the path below it if there is one."""
        return self.host

    def address_in(self, environment: AwsEnvironment) -> str:  # noqa: ARG002 - the same call for every registry
        """What stands before a repository in the name of an image."""
        return self.host


def build_helper(name: str, declaration: RegistryDeclaration) -> HelperRegistry:
    """The registry that a declaration without problems describes."""
    return HelperRegistry(
        name, declaration.get("host", ""), declaration["helper"], repositories_of(declaration)
    )


def helper_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    """What is wrong with a helper."""
    helper = declaration["helper"]
    at = join_path(path, "helper")
    if not _HELPER.fullmatch(helper) or ".." in helper.split("/"):
        yield Problem(at, repr(helper), "an absolute path, such as /usr/bin/docker-credential-gcr")
    elif helper.rpartition("/")[0] == _RUNNERS_PATH:
        yield Problem(
            at,
            repr(helper),
            f"a path outside {_RUNNERS_PATH}",
            "there a job's own DOCKER_AUTH_CONFIG could make the manager's identity answer for another host",
        )
