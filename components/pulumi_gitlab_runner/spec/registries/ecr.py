"""Amazon ECR registries, of this account and of others."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.registries.declaration import RegistryDeclaration
from pulumi_gitlab_runner.spec.registries.repositories import (
    Repository,
    account_problems,
    key_region_problems,
    repositories_of,
)

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")


@dataclass(frozen=True)
class EcrRegistry:
    """An Amazon ECR registry; `account` and `region` are None where they are the stack's own."""

    name: str
    account: str | None = None
    region: str | None = None
    repositories: Mapping[str, Repository] = field(default_factory=dict)
    allow_pull: tuple[str, ...] = ()

    @property
    def created(self) -> bool:
        """Whether the stack creates the repositories, rather than only pulling from them."""
        return self.account is None

    def host_in(self, environment: AwsEnvironment) -> str:
        """The registry's host, seen from a stack in `environment`."""
        account, region = self.account or environment.account, self.region or environment.region
        return f"{account}.dkr.ecr.{region}.{environment.dns_suffix}"

    def address_in(self, environment: AwsEnvironment) -> str:
        """What stands before a repository in the name of an image."""
        return self.host_in(environment)

    def repository_arns(self, environment: AwsEnvironment) -> list[str]:
        """The ARN of each declared repository, seen from a stack in `environment`."""
        account, region = self.account or environment.account, self.region or environment.region
        return [
            f"arn:{environment.partition}:ecr:{region}:{account}:repository/{name}"
            for name in self.repositories
        ]


def build_ecr(name: str, declaration: RegistryDeclaration) -> EcrRegistry:
    """The registry that a declaration without problems describes."""
    ecr = declaration["ecr"]
    allow_pull = tuple(declaration.get("allow_pull", ()))
    return EcrRegistry(name, ecr.get("account"), ecr.get("region"), repositories_of(declaration), allow_pull)


def ecr_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    """What is wrong with an ECR registry."""
    ecr = declaration["ecr"]
    if "account" in ecr:
        yield from account_problems(ecr["account"], join_path(path, "ecr", "account"))
    if "region" in ecr:
        yield from region_problems(ecr["region"], join_path(path, "ecr", "region"))
    for name, repository in declaration.get("repositories", {}).items() if "region" in ecr else ():
        yield from key_region_problems(repository, ecr["region"], join_path(path, "repositories", name))
    if not declaration.get("repositories"):
        yield Problem(
            path,
            "no repositories",
            "at least one under 'repositories'",
            "name what runners pull: their role may pull nothing else",
        )
    if "account" in ecr and "allow_pull" in declaration:
        yield Problem(
            join_path(path, "allow_pull"),
            "a list of accounts",
            "nothing, for a registry of another account",
            "its owner must let this account pull, by a policy on each repository",
        )


def region_problems(region: str, path: str) -> Iterator[Problem]:
    """What is wrong with the name of an AWS region."""
    if not _REGION.fullmatch(region):
        yield Problem(path, repr(region), "an AWS region, such as eu-west-1")
