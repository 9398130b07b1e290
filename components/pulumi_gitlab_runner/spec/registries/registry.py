"""The interface of every kind of registry."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from pulumi_gitlab_runner.auth.registry_list import CredentialSource as CredentialSource
from pulumi_gitlab_runner.spec.aws_environment import NOWHERE, AwsEnvironment
from pulumi_gitlab_runner.spec.inputs import Deferred, Value
from pulumi_gitlab_runner.spec.problems import Problem, did_you_mean, listed
from pulumi_gitlab_runner.spec.registries.repositories import Repository
from pulumi_gitlab_runner.spec.stored_secret import StoredSecret


@dataclass(frozen=True)
class Login:
    """The fixed user and password of a registry.

    Attributes:
        username: the user.
        password: the handle of the password, which is never part of the model.
    """

    username: Value[str]
    password: Deferred[str]


@dataclass(frozen=True)
class PullAccess:
    """The permissions that a role needs in AWS to pull from a registry.

    Attributes:
        repositories: the ARNs of ECR repositories.
        cached: the ARNs, or ARN patterns, of the repositories of pull-through caches.
        public_gallery: whether it needs credentials for ECR Public (`public.ecr.aws`).
        stored: the existing secret or parameter with the user and password; None if there is none.
        owner: the account whose owner must also allow the pull; None for this account.
    """

    repositories: Sequence[str] = ()
    cached: Sequence[str] = ()
    public_gallery: bool = False
    stored: StoredSecret | None = None
    owner: str | None = None


@dataclass(frozen=True)
class RenewalSource:
    """The source from which a Lambda function gets the credentials of a registry.

    Attributes:
        kind: ``ecr``, ``ecr-public``, ``secret`` or ``parameter``.
        region: the region of the source.
        id: the ARN or name of the secret or parameter; None for ECR.
    """

    kind: str
    region: str
    id: str | None = None


@dataclass(frozen=True)
class EcrImage:
    """An image in ECR; without `account` and `region`, in the account and region of the stack."""

    repository: str
    tag: str
    account: str | None = None
    region: str | None = None


@dataclass(frozen=True)
class Registry(ABC):
    """A container registry: its host, its authentication, and the used repositories.

    Attributes:
        name: its name in the declaration.
        repositories: the repositories that may be used, by name; empty for all.
    """

    shown: ClassVar[tuple[str, ...]]
    """The fields that are shown: see `spec.declared`."""

    name: str
    repositories: Mapping[str, Repository] = field(default_factory=dict, kw_only=True)

    @abstractmethod
    def host_in(self, environment: AwsEnvironment) -> str:
        """The scope of its credentials: its host, or a path below it."""

    def address_in(self, environment: AwsEnvironment) -> str:
        """The prefix of its repositories in image references. Default: `host_in`."""
        return self.host_in(environment)

    def environment_known_from(self, environment: AwsEnvironment | None) -> AwsEnvironment | None:
        """An environment that is sufficient for `host_in`; None if the host is not known yet."""
        return environment or NOWHERE

    @property
    @abstractmethod
    def description(self) -> str:
        """Its kind in messages, such as `an ECR registry`."""

    @property
    def authenticates(self) -> str:
        """The authentication of a runner, as a phrase in previews. Default: by its role."""
        return "by role"

    @abstractmethod
    def credential_source(
        self, environment: AwsEnvironment, own: CredentialSource
    ) -> CredentialSource | None:
        """The source from which a runner host gets its credentials; None if each job has its own.

        Args:
            environment: the AWS account and region of the stack.
            own: the store of a declared user and password.
        """

    def pull_access(self, environment: AwsEnvironment) -> PullAccess:
        """The permissions that a role needs in AWS to pull from it. Default: none."""
        del environment
        return PullAccess()

    def may_hold(self, repository: str) -> bool:
        """Whether a repository may be used: it is declared, or no repository is."""
        return not self.repositories or repository in self.repositories

    def is_cached(self, repository: str) -> bool:
        """Whether a repository belongs to a pull-through cache. Default: false."""
        del repository
        return False

    @property
    def login(self) -> Login | None:
        """Its fixed user and password, if the declaration contains them. Default: none."""
        return None

    @property
    @abstractmethod
    def no_login(self) -> str:
        """The reason why it has no fixed user and password, and the alternative; empty if it has them."""

    @property
    def not_asked(self) -> str:
        """The reason for which Pulumi cannot look up digests. Default: empty, it can."""
        return ""

    def ecr_image(self, repository: str, tag: str) -> EcrImage | None:
        """One of its images in ECR; None if the registry is not ECR."""
        del repository, tag
        return None

    def renewal(self, environment: AwsEnvironment, own_parameter: str) -> RenewalSource | None:
        """The source from which a Lambda function gets its credentials; None if there is none.

        Args:
            environment: the AWS account and region of the stack.
            own_parameter: the name of the parameter that stores a declared user and password.
        """
        del environment, own_parameter
        return None

    @property
    def by_role(self) -> bool:
        """Whether an IAM role is sufficient to get its credentials, as for ECR. Default: false."""
        return False

    @property
    def created(self) -> bool:
        """Whether the stack creates its repositories. Default: false."""
        return False

    @property
    def not_pushed(self) -> str:
        """The reason for which the stack cannot push to it. Default: empty, it can, with credentials."""
        return ""

    @property
    def in_aws(self) -> bool:
        """Whether its credentials come from AWS. Default: as `by_role`."""
        return self.by_role

    @property
    def program(self) -> str:
        """The program that a manager's image needs to get its credentials. Default: empty, none."""
        return ""

    @property
    def for_a_path(self) -> bool:
        """Whether its credentials are for a path below its host; from runner 17.5 on. Default: false."""
        return False


def undeclared_registry(name: str, path: str, registries: Mapping[str, Registry]) -> Problem:
    """The problem of a name that no declared registry has."""
    fix = did_you_mean(name, list(registries)) or "declare it under `registries`"
    return Problem(path, f"{name!r}, which is not a declared registry", listed(registries), fix)


def undeclared_repository(
    repository: str, path: str, registry: Registry, advice: str = "declare the repository in its registry"
) -> Problem:
    """The problem of a repository that a registry does not declare."""
    known = list(registry.repositories)
    fix = did_you_mean(repository, known) or advice
    return Problem(
        path, f"the repository {repository!r} of the registry {registry.name!r}", listed(known), fix
    )
