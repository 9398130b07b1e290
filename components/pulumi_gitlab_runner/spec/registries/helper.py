"""Registries with another Docker credential helper: Google's, Azure's or any other.

Helpers: github.com/GoogleCloudPlatform/docker-credential-gcr (which does not need gcloud) and
github.com/chrismellard/docker-credential-acr-env.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.inputs import Value, check_key, is_known, known, model_of
from pulumi_gitlab_runner.spec.problems import Problem
from pulumi_gitlab_runner.spec.registries.declaration import RegistryDeclaration
from pulumi_gitlab_runner.spec.registries.registry import CredentialSource
from pulumi_gitlab_runner.spec.registries.repositories import parse_repositories
from pulumi_gitlab_runner.spec.registries.static import HostRegistry

_HELPER = re.compile(r"(/[a-zA-Z0-9_.-]+)*/docker-credential-[a-zA-Z0-9_.-]+")
_RUNNERS_PATH = "/usr/local/bin"
"""The only directory on the PATH of the runner's unit: host/files.py."""


@dataclass(frozen=True)
class HelperRegistry(HostRegistry):
    """A registry with another Docker credential helper.

    Attributes:
        helper: the absolute path of the helper on the runner host.
    """

    shown = ("host", "helper", "repositories")
    authenticates = "by a credential helper"
    description = "whose password comes from its credential helper"
    no_login = "its passwords expire: use a runner of this stack, whose host runs the helper"
    not_asked = "its credential helper is only on the runner host"

    helper: Value[str]

    def credential_source(self, environment: AwsEnvironment, own: CredentialSource) -> CredentialSource:
        """The declared credential helper."""
        del environment, own
        return CredentialSource("helper", (known(self.helper),))

    @property
    def program(self) -> str:
        """The path of the declared credential helper."""
        return known(self.helper) if is_known(self.helper) else "its helper"


def parse_helper(name: str, declaration: RegistryDeclaration) -> HelperRegistry:
    """The registry that a valid declaration describes."""
    repositories = parse_repositories(declaration)
    return model_of(HelperRegistry, {"host": "", **declaration}, name=name, repositories=repositories)


def helper_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    """The problems of a helper."""
    return check_key(declaration, "helper", path, _program_problems)


def _program_problems(helper: str, path: str) -> Iterator[Problem]:
    if not _HELPER.fullmatch(helper) or ".." in helper.split("/"):
        yield Problem(path, repr(helper), "an absolute path, such as /usr/bin/docker-credential-gcr")
    elif helper.rpartition("/")[0] == _RUNNERS_PATH:
        yield Problem(
            path,
            repr(helper),
            f"a path outside {_RUNNERS_PATH}",
            "there, a job's DOCKER_AUTH_CONFIG could use it with the manager's identity for another host",
        )
