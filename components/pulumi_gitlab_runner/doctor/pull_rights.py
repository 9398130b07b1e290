"""The ECR repositories from which the role of a runner's manager may pull."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class EcrRepository:
    """A repository of ECR: the account and the region of its registry, and its name."""

    account: str
    region: str
    name: str


AskEcr = Callable[[EcrRepository], bool | None]
"""Asks ECR whether a role may read a repository; returns None without an answer."""


@dataclass(frozen=True)
class PullRights:
    """The repositories that the policies of a role allow, and the answer of ECR about others.

    Attributes:
        account: the AWS account of the role.
        arns: the ARNs of the repositories, with `*` for any characters.
        ask: asks ECR with the role; None if it is not to be asked.
    """

    account: str
    arns: tuple[str, ...]
    ask: AskEcr | None = None

    def declared(self, repository: EcrRepository) -> list[str]:
        """The names of the allowed repositories in the same registry, with `*` for any characters."""
        registry = f":ecr:{repository.region}:{repository.account}:repository/"
        return [arn.partition(registry)[2] for arn in self.arns if registry in arn]

    def allow(self, repository: EcrRepository) -> bool:
        """Whether the policies of the role allow a repository."""
        return any(fnmatchcase(repository.name, each) for each in self.declared(repository))
