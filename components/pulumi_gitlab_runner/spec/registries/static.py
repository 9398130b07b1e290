"""Registries with a fixed user and password."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.inputs import Deferred, Value, is_known, known, model_of
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.regions import region_of
from pulumi_gitlab_runner.spec.registries.declaration import RegistryDeclaration
from pulumi_gitlab_runner.spec.registries.registry import (
    CredentialSource,
    Login,
    PullAccess,
    Registry,
    RenewalSource,
)
from pulumi_gitlab_runner.spec.registries.repositories import parse_repositories
from pulumi_gitlab_runner.spec.stored_secret import StoredSecret, stored_problems
from pulumi_gitlab_runner.spec.texts import login_problems


@dataclass(frozen=True)
class HostRegistry(Registry):
    """A registry whose host is declared.

    Attributes:
        host: the host, with its port, and with a path if the credentials are only for this path.
    """

    host: Value[str]

    def host_in(self, environment: AwsEnvironment) -> str:
        """The declared host, with its path."""
        del environment
        return known(self.host)

    def environment_known_from(self, environment: AwsEnvironment | None) -> AwsEnvironment | None:
        """Any environment, if the host is known."""
        return super().environment_known_from(environment) if is_known(self.host) else None

    @property
    def for_a_path(self) -> bool:
        """Whether its host has a path; false if not known yet."""
        return is_known(self.host) and "/" in known(self.host)


@dataclass(frozen=True)
class StaticRegistry(HostRegistry):
    """A registry with a fixed user and password.

    Attributes:
        username: the declared user; None if both are in `secret` or `parameter`.
        secret: the ARN of the Secrets Manager secret with user and password.
        parameter: the ARN of the existing Parameter Store parameter with user and password.
        key: the ARN of the customer managed KMS key that encrypts that secret or parameter.
        password: the handle of the declared password; None if both are in `secret` or `parameter`.
    """

    shown = ("host", "username", "secret", "parameter", "key", "repositories")

    username: Value[str] | None = None
    secret: Value[str] | None = None
    parameter: Value[str] | None = None
    key: Value[str] | None = None
    password: Deferred[str] | None = field(default=None, compare=False)

    @property
    def declared(self) -> bool:
        """Whether the declaration contains user and password, and not their store."""
        return self.secret is None and self.parameter is None

    @property
    def authenticates(self) -> str:
        """With a password and its store."""
        return f"by a password in {self._store}"

    @property
    def description(self) -> str:
        """Its kind in messages, with the store of its password."""
        if self.declared:
            return "a registry with a fixed password"
        return f"whose password is read from {self._store}, by the host"

    @property
    def _store(self) -> str:
        return "Parameter Store" if self.secret is None else "Secrets Manager"

    def credential_source(self, environment: AwsEnvironment, own: CredentialSource) -> CredentialSource:
        """The secret or parameter that holds user and password."""
        del environment
        for kind, arn in (("secret", self.secret), ("parameter", self.parameter)):
            if arn is not None:
                return CredentialSource(kind, (region_of(known(arn)), known(arn)))
        return own

    def pull_access(self, environment: AwsEnvironment) -> PullAccess:
        """Access to an existing secret or parameter."""
        del environment
        if self.declared:
            return PullAccess()
        return PullAccess(stored=StoredSecret(self.secret, self.parameter, self.key))

    @property
    def login(self) -> Login | None:
        """The declared user and password."""
        if self.username is None or self.password is None:
            return None
        return Login(self.username, self.password)

    @property
    def no_login(self) -> str:
        """The reason, if its password is in a secret or parameter."""
        return "" if self.declared else "the variable's value must be known when the stack is applied"

    @property
    def not_asked(self) -> str:
        """The reason, if its password is in a secret or parameter."""
        return "" if self.declared else "its password is read only on the runner host"

    def renewal(self, environment: AwsEnvironment, own_parameter: str) -> RenewalSource:
        """The secret or parameter that holds user and password."""
        own = CredentialSource("parameter", (environment.region, own_parameter))
        source = self.credential_source(environment, own)
        region, place = source.place
        return RenewalSource(source.kind, region, place)

    @property
    def in_aws(self) -> bool:
        """Whether user and password are in an existing secret or parameter of AWS."""
        return not self.declared

    @property
    def program(self) -> str:
        """The AWS CLI, if its password is in a secret or parameter."""
        return "" if self.declared else "aws"


def parse_static(name: str, declaration: RegistryDeclaration) -> StaticRegistry:
    """The registry that a valid declaration describes."""
    return model_of(
        StaticRegistry,
        declaration.get("static", {}),
        name=name,
        host=declaration.get("host", ""),
        repositories=parse_repositories(declaration),
    )


def static_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    """The problems of a fixed user and password."""
    itself = ("username", "password")
    at = join_path(path, "static")
    yield from stored_problems(declaration["static"], at, itself)
    yield from login_problems(declaration["static"], itself, at)
