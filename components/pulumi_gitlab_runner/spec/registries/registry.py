"""The interface of every kind of registry."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from pulumi_gitlab_runner.auth.registry_list import CredentialSource as CredentialSource
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.inputs import Deferred, Value
from pulumi_gitlab_runner.spec.registries.repositories import Repository
from pulumi_gitlab_runner.spec.stored_secret import StoredSecret

_NOWHERE = AwsEnvironment("", "")


@dataclass(frozen=True)
class Login:
    """The fixed user and password of a registry.

    Attributes:
        username: the user; None where the password alone is declared.
        password: a handle: the password is never part of the model.
    """

    username: Value[str]
    password: Deferred[str]


@dataclass(frozen=True)
class PullAccess:
    """The permissions that a role needs in AWS to pull from a registry.

    Attributes:
        repositories: the ARNs of ECR repositories.
        cached: the ARNs, or patterns of them, of repositories that ECR fills from another registry.
        public_gallery: whether it logs in to `public.ecr.aws`.
        stored: where the user and password are kept, if that is a secret or parameter of the user's own.
        owner: the account whose owner must allow the pull; None for this account's.
    """

    repositories: Sequence[str] = ()
    cached: Sequence[str] = ()
    public_gallery: bool = False
    stored: StoredSecret | None = None
    owner: str | None = None


@dataclass(frozen=True)
class RenewalSource:
    """Where a function in AWS gets the credentials of a registry.

    Attributes:
        kind: ``ecr``, ``ecr-public``, ``secret`` or ``parameter``.
        region: the region that is asked.
        id: the ARN or name of the secret or parameter.
    """

    kind: str
    region: str
    id: str | None = None


@dataclass(frozen=True)
class EcrImage:
    """An image in ECR, as ECR is asked about it; without `account` and `region`, in the stack's own."""

    repository: str
    tag: str
    account: str | None = None
    region: str | None = None


@dataclass(frozen=True)
class Registry(ABC):
    """A container registry: its host, how it authenticates, and the repositories that are used of it.

    Attributes:
        name: its name in the declaration.
        repositories: those that may be used, by name; empty for all.
    """

    shown: ClassVar[tuple[str, ...]]
    """The fields that show: see `spec.declared`."""

    name: str
    repositories: Mapping[str, Repository] = field(default_factory=dict, kw_only=True)

    @abstractmethod
    def host_in(self, environment: AwsEnvironment) -> str:
        """The scope of its credentials for a stack in `environment`: the host, or a path below it."""

    def address_in(self, environment: AwsEnvironment) -> str:
        """The prefix of its repositories in the name of an image."""
        return self.host_in(environment)

    def environment_known_from(self, environment: AwsEnvironment | None) -> AwsEnvironment | None:
        """The environment in which its host is known; None while it is not.

        Args:
            environment: where the stack is; None while that is not known.
        """
        return environment or _NOWHERE

    @property
    @abstractmethod
    def description(self) -> str:
        """Its kind in a message: `an ECR registry`."""

    @property
    def authenticates(self) -> str:
        """How a runner authenticates there, in words. Default: by its role."""
        return "by role"

    @abstractmethod
    def credential_source(
        self, environment: AwsEnvironment, own: CredentialSource
    ) -> CredentialSource | None:
        """Where a runner host gets its credentials; None where each job brings its own.

        Args:
            environment: where the stack is.
            own: where a declared user and password are kept.
        """

    def pull_access(self, environment: AwsEnvironment) -> PullAccess:
        """The permissions that a role needs in AWS to pull from it. Default: none."""
        del environment
        return PullAccess()

    def may_hold(self, repository: str) -> bool:
        """Whether a repository may be pulled from, by what is declared."""
        return not self.repositories or repository in self.repositories

    def is_cached(self, repository: str) -> bool:
        """Whether ECR fills a repository from another registry when it is pulled from. Default: false."""
        del repository
        return False

    @property
    def login(self) -> Login | None:
        """Its fixed user and password, where the declaration has them. Default: none."""
        return None

    @property
    @abstractmethod
    def no_login(self) -> str:
        """The alternative where a fixed user and password are needed; empty where it has them."""

    @property
    def not_asked(self) -> str:
        """Why it cannot be asked for digests where Pulumi runs. Default: empty, it can."""
        return ""

    def ecr_image(self, repository: str, tag: str) -> EcrImage | None:
        """How ECR is asked about one of its images; None where it is not ECR's."""
        del repository, tag
        return None

    def renewal(self, environment: AwsEnvironment, own_parameter: str) -> RenewalSource | None:
        """Where a function in AWS gets its credentials; None where it cannot have any.

        Args:
            environment: where the stack is.
            own_parameter: the name of the parameter that keeps a declared user and password.
        """
        del environment, own_parameter
        return None

    @property
    def by_role(self) -> bool:
        """Whether a role in AWS is all that its credentials take, as for ECR. Default: false."""
        return False

    @property
    def created(self) -> bool:
        """Whether the stack creates its repositories. Default: false."""
        return False

    @property
    def not_pushed(self) -> str:
        """Why the stack cannot push to it. Default: empty, it can, with credentials."""
        return ""

    @property
    def in_aws(self) -> bool:
        """Whether its credentials come from AWS. Default: as `by_role`."""
        return self.by_role

    @property
    def program(self) -> str:
        """The program that a manager's own image needs for its credentials. Default: empty, none."""
        return ""

    @property
    def for_a_path(self) -> bool:
        """Whether its credentials are for a path below its host, which runners take from 17.5 on."""
        return False
