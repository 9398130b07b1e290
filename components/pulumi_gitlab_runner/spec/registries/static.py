"""Registries with a fixed user and password."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.registries.declaration import RegistryDeclaration
from pulumi_gitlab_runner.spec.registries.repositories import Repository, repositories_of
from pulumi_gitlab_runner.spec.stored_secret import stored_problems


@dataclass(frozen=True)
class StaticRegistry:
    """A registry with a fixed user and password.

    The password itself is not kept here: it goes from the declaration straight into Parameter Store.

    Attributes:
        host: with its port, and with a path where the credentials are for what is below it.
        username: None where user and password lie elsewhere.
        secret: the ARN of the Secrets Manager secret that holds both, if one does.
        parameter: the ARN of the parameter of the user's own that holds both, if one does.
        key: the ARN of the key that encrypts that secret or parameter, if it is a customer-managed one.
    """

    name: str
    host: str
    username: str | None = None
    secret: str | None = None
    parameter: str | None = None
    key: str | None = None
    repositories: Mapping[str, Repository] = field(default_factory=dict)

    @property
    def declared(self) -> bool:
        """Whether user and password stand in the declaration, rather than elsewhere."""
        return not (self.secret or self.parameter)

    def host_in(self, environment: AwsEnvironment) -> str:  # noqa: ARG002 - the same call for every registry
        """What the credentials are for: the host, with the path below it if there is one."""
        return self.host

    def address_in(self, environment: AwsEnvironment) -> str:  # noqa: ARG002 - the same call for every registry
        """What stands before a repository in the name of an image."""
        return self.host


def build_static(name: str, declaration: RegistryDeclaration) -> StaticRegistry:
    """The registry that a declaration without problems describes."""
    static = declaration.get("static", {})
    return StaticRegistry(
        name,
        declaration.get("host", ""),
        static.get("username"),
        static.get("secret"),
        static.get("parameter"),
        static.get("key"),
        repositories_of(declaration),
    )


def static_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    """What is wrong with a fixed user and password."""
    itself = ("username", "password")
    yield from stored_problems(declaration["static"], join_path(path, "static"), itself)
