"""Registries whose credentials another Docker credential helper gives: Google's, Azure's, any other.

Source of the names: github.com/GoogleCloudPlatform/docker-credential-gcr (the one that needs no gcloud) and
github.com/chrismellard/docker-credential-acr-env.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.inputs import Value, check, is_known, known, value
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.registries.declaration import RegistryDeclaration
from pulumi_gitlab_runner.spec.registries.registry import CredentialSource
from pulumi_gitlab_runner.spec.registries.repositories import parse_repositories
from pulumi_gitlab_runner.spec.registries.static import HostRegistry

_HELPER = re.compile(r"(/[a-zA-Z0-9_.-]+)*/docker-credential-[a-zA-Z0-9_.-]+")
_RUNNERS_PATH = "/usr/local/bin"
"""The one directory on the PATH of the runner's unit: host/files.py."""


@dataclass(frozen=True)
class HelperRegistry(HostRegistry):
    """A registry with a credential helper of its own.

    Attributes:
        helper: the helper's absolute path on the runner host.
    """

    shown = ("host", "helper", "repositories")

    helper: Value[str]

    @property
    def authenticates(self) -> str:
        """By what its helper makes."""
        return "by a credential helper"

    @property
    def description(self) -> str:
        """The source of its passwords."""
        return "whose password its credential helper makes"

    def credential_source(self, environment: AwsEnvironment, own: CredentialSource) -> CredentialSource:
        """Its helper."""
        del environment, own
        return CredentialSource("helper", (known(self.helper),))

    @property
    def no_login(self) -> str:
        """Its passwords do not last."""
        return "it does not last: let a runner of this stack pull it, which asks the helper"

    @property
    def not_asked(self) -> str:
        """Its helper is not here."""
        return "its credential helper is only on the runner host"

    @property
    def program(self) -> str:
        """Its helper."""
        return known(self.helper) if is_known(self.helper) else "its helper"


def parse_helper(name: str, declaration: RegistryDeclaration) -> HelperRegistry:
    """The registry that a declaration without problems describes."""
    return HelperRegistry(
        name,
        value(declaration.get("host", "")),
        value(declaration["helper"]),
        repositories=parse_repositories(declaration),
    )


def helper_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    """The problems of a helper."""
    at = join_path(path, "helper")
    yield from check(declaration["helper"], lambda helper: _program_problems(helper, at))


def _program_problems(helper: str, path: str) -> Iterator[Problem]:
    if not _HELPER.fullmatch(helper) or ".." in helper.split("/"):
        yield Problem(path, repr(helper), "an absolute path, such as /usr/bin/docker-credential-gcr")
    elif helper.rpartition("/")[0] == _RUNNERS_PATH:
        yield Problem(
            path,
            repr(helper),
            f"a path outside {_RUNNERS_PATH}",
            "there a job's own DOCKER_AUTH_CONFIG could make the manager's identity answer for another host",
        )
