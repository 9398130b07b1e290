"""The GitLab container registry."""

from collections.abc import Iterator
from dataclasses import dataclass

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.inputs import check, check_key, secret, value
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.registries.declaration import RegistryDeclaration
from pulumi_gitlab_runner.spec.registries.registry import CredentialSource
from pulumi_gitlab_runner.spec.registries.repositories import empty_problems, parse_repositories
from pulumi_gitlab_runner.spec.registries.static import HostRegistry, StaticRegistry
from pulumi_gitlab_runner.spec.texts import login_problems


@dataclass(frozen=True)
class GitLabRegistry(HostRegistry):
    """The GitLab container registry, with the credentials that GitLab provides to each job.

    A runner host has no credentials for it. Before runner 18.3, even a credential helper without credentials
    for the host would take precedence over the job's credentials.
    """

    shown = ("host", "repositories")
    for_a_path = False  # the job's credentials are for the whole registry
    authenticates = "by each job itself"
    description = "GitLab's registry with the job's own credentials"
    no_login = "every job has these credentials; for images of other projects, declare a deploy_token"
    not_asked = "only jobs have credentials for it"

    def credential_source(self, environment: AwsEnvironment, own: CredentialSource) -> None:
        """None: each job has its own credentials."""
        del environment, own


def parse_gitlab(name: str, declaration: RegistryDeclaration) -> GitLabRegistry | StaticRegistry:
    """The registry that a valid declaration describes; with a deploy token, a `StaticRegistry`."""
    host, repositories = value(declaration.get("host", "")), parse_repositories(declaration)
    token = declaration["gitlab"].get("deploy_token")
    if token is None:
        return GitLabRegistry(name, host, repositories=repositories)
    username, password = value(token["username"]), secret(token["password"])
    return StaticRegistry(name, host, username, password=password, repositories=repositories)


def gitlab_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    """The problems of the GitLab container registry."""
    token = declaration["gitlab"].get("deploy_token")
    if token is None:
        yield from check_key(declaration, "host", path, _path_problems)
        return
    at = join_path(path, "gitlab", "deploy_token")
    for each in (token["username"], token["password"]):
        yield from check(each, empty_problems, at, "'username' and 'password'")
    yield from login_problems(token, ("username", "password"), at)


def _path_problems(host: str, path: str) -> Iterator[Problem]:
    if "/" in host:
        yield Problem(
            path,
            repr(host),
            "a host without a path: the job's own credentials are for the whole registry",
            "a path is allowed with a deploy_token",
        )
