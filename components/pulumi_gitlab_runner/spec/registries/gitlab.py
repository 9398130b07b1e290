"""GitLab's own container registry."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.registries.declaration import RegistryDeclaration
from pulumi_gitlab_runner.spec.registries.repositories import Repository, repositories_of
from pulumi_gitlab_runner.spec.registries.static import StaticRegistry


@dataclass(frozen=True)
class GitLabRegistry:
    """GitLab's container registry, with the credentials that GitLab gives each job.

    A runner host holds nothing for it. Before runner 18.3 even a helper that knows nothing of the host would
    hide the job's own credentials.
    """

    name: str
    host: str
    repositories: Mapping[str, Repository] = field(default_factory=dict)

    def host_in(self, environment: AwsEnvironment) -> str:  # noqa: ARG002 - the same call for every registry
        """The registry's host."""
        return self.host

    def address_in(self, environment: AwsEnvironment) -> str:  # noqa: ARG002 - the same call for every registry
        """What stands before a repository in the name of an image."""
        return self.host


def build_gitlab(name: str, declaration: RegistryDeclaration) -> GitLabRegistry | StaticRegistry:
    """The registry that a declaration without problems describes; a deploy token is a fixed password."""
    host, repositories = declaration.get("host", ""), repositories_of(declaration)
    token = declaration["gitlab"].get("deploy_token")
    if token is None:
        return GitLabRegistry(name, host, repositories)
    return StaticRegistry(name, host, token["username"], repositories=repositories)


def gitlab_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    """What is wrong with GitLab's registry."""
    token = declaration["gitlab"].get("deploy_token")
    if token is None:
        if "/" in declaration.get("host", ""):
            yield Problem(
                join_path(path, "host"),
                repr(declaration["host"]),
                "a host without a path: the job's own credentials are for all of GitLab's registry",
                "a deploy_token may be for a path",
            )
    elif not all(token.values()):
        yield Problem(
            join_path(path, "gitlab", "deploy_token"), "an empty value", "'username' and 'password'"
        )
