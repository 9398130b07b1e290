"""Amazon ECR registries, of this account and of others."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pulumi_gitlab_runner.auth.registry_list import ECR_HELPER as ECR_HELPER
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment, partition_of
from pulumi_gitlab_runner.spec.inputs import Value, check, is_known, known, optional, values
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.registries.declaration import (
    EcrDeclaration,
    RegistryDeclaration,
    declared_repositories,
)
from pulumi_gitlab_runner.spec.registries.registry import (
    CredentialSource,
    EcrImage,
    PullAccess,
    Registry,
    RenewalSource,
)
from pulumi_gitlab_runner.spec.registries.repositories import (
    account_problems,
    key_region_problems,
    parse_repositories,
    prefix_problems,
)

NO_LOGIN = "an ECR password expires after 12 hours: let a runner of this stack pull it, or use hosted_auth"

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")


@dataclass(frozen=True)
class EcrRegistry(Registry):
    """An Amazon ECR registry; `account` and `region` are None where they are the stack's own.

    Attributes:
        allow_pull: other accounts that may pull.
        caches: the prefixes of another account's pull-through caches.
    """

    shown = ("account", "region", "repositories", "caches", "allow_pull")

    account: Value[str] | None = None
    region: Value[str] | None = None
    allow_pull: tuple[Value[str], ...] = ()
    caches: tuple[str, ...] = ()

    @property
    def created(self) -> bool:
        """Whether the stack creates the repositories, rather than only pulling from them."""
        return self.account is None

    def host_in(self, environment: AwsEnvironment) -> str:
        """The registry's host, seen from a stack in `environment`."""
        account, region = self._place(environment)
        return f"{account}.dkr.ecr.{region}.{environment.dns_suffix}"

    def environment_known_from(self, environment: AwsEnvironment | None) -> AwsEnvironment | None:
        """The stack's, or the registry's own account and region."""
        if not (is_known(self.account) and is_known(self.region)):
            return None
        if environment is not None:
            return environment
        if self.account is None or self.region is None:
            return None
        region = known(self.region)
        return AwsEnvironment(known(self.account), region, partition_of(region))

    @property
    def description(self) -> str:
        """An ECR registry."""
        return "an ECR registry"

    def credential_source(self, environment: AwsEnvironment, own: CredentialSource) -> CredentialSource:
        """ECR's own helper."""
        del environment, own
        return CredentialSource("helper", (ECR_HELPER,))

    def pull_access(self, environment: AwsEnvironment) -> PullAccess:
        """To pull from the declared repositories; for those of another account, if its owner lets it."""
        account, _ = self._place(environment)
        owner = None if account == environment.account else account
        cached = [name for name in self.repositories if self.is_cached(name)]
        cached += [f"{cache}/*" for cache in self._whole_caches]
        return PullAccess(
            repositories=self._arns([name for name in self.repositories if name not in cached], environment),
            cached=self._arns(cached, environment),
            owner=owner,
        )

    def repository_arns(self, environment: AwsEnvironment) -> list[str]:
        """The ARN of each declared repository, seen from a stack in `environment`."""
        return self._arns(self.repositories, environment)

    def may_hold(self, repository: str) -> bool:
        """Whether it is declared, or is below a cache of which all may be pulled."""
        return super().may_hold(repository) or self._cache_of(repository) in self._whole_caches

    def is_cached(self, repository: str) -> bool:
        """Whether it is below a cache of that account."""
        return self._cache_of(repository) is not None

    def _arns(self, names: Iterable[str], environment: AwsEnvironment) -> list[str]:
        account, region = self._place(environment)
        return [f"arn:{environment.partition}:ecr:{region}:{account}:repository/{name}" for name in names]

    def _cache_of(self, repository: str) -> str | None:
        """The cache that a repository is below."""
        return next((each for each in self.caches if repository.startswith(f"{each}/")), None)

    @property
    def _whole_caches(self) -> list[str]:
        """The caches below which no repository is declared."""
        narrowed = {self._cache_of(name) for name in self.repositories}
        return [each for each in self.caches if each not in narrowed]

    @property
    def no_login(self) -> str:
        """Its passwords do not last."""
        return NO_LOGIN

    def ecr_image(self, repository: str, tag: str) -> EcrImage:
        """The image in this registry."""
        account = None if self.account is None else known(self.account)
        region = None if self.region is None else known(self.region)
        return EcrImage(repository, tag, account, region)

    def renewal(self, environment: AwsEnvironment, own_parameter: str) -> RenewalSource:
        """The password of ECR in its region."""
        del own_parameter
        return RenewalSource("ecr", self._place(environment)[1])

    @property
    def by_role(self) -> bool:
        """A role logs in."""
        return True

    @property
    def not_pushed(self) -> str:
        """Another account's is only pulled from."""
        return "" if self.created else "the registry is another account's: build it in a stack there"

    @property
    def program(self) -> str:
        """ECR's helper."""
        return "docker-credential-ecr-login"

    def _place(self, environment: AwsEnvironment) -> tuple[str, str]:
        """Its account and region."""
        account = known(self.account) if self.account is not None else environment.account
        region = known(self.region) if self.region is not None else environment.region
        return account, region


def parse_ecr(name: str, declaration: RegistryDeclaration) -> EcrRegistry:
    """The registry that a declaration without problems describes."""
    ecr = declaration["ecr"]
    return EcrRegistry(
        name,
        optional(ecr.get("account")),
        optional(ecr.get("region")),
        values(declaration.get("allow_pull", ())),
        tuple(ecr.get("caches", ())),
        repositories=parse_repositories(declaration),
    )


def ecr_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    """The problems of an ECR registry."""
    ecr = declaration["ecr"]
    if "account" in ecr:
        at = join_path(path, "ecr", "account")
        yield from check(ecr["account"], lambda account: account_problems(account, at))
    if "region" in ecr:
        region_at = join_path(path, "ecr", "region")
        yield from check(ecr["region"], lambda region: region_problems(region, region_at))
        yield from check(ecr["region"], lambda region: _keys_problems(declaration, region, path))
    yield from _cache_problems(ecr, path)
    if not declaration.get("repositories") and not ecr.get("caches"):
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


def _cache_problems(ecr: EcrDeclaration, path: str) -> Iterator[Problem]:
    if "caches" in ecr and "account" not in ecr:
        yield Problem(
            join_path(path, "ecr", "caches"),
            "prefixes of caches, without 'account'",
            "them with the account that has the caches",
            "declare a cache of this account as a registry of its own: pull_through: docker-hub",
        )
    for index, prefix in enumerate(ecr.get("caches", ())):
        yield from prefix_problems(prefix, join_path(path, "ecr", "caches", index))


def _keys_problems(declaration: RegistryDeclaration, region: str, path: str) -> Iterator[Problem]:
    for name, repository in declared_repositories(declaration).items():
        yield from key_region_problems(repository, region, join_path(path, "repositories", name))


def region_problems(region: str, path: str) -> Iterator[Problem]:
    """The problems of the name of an AWS region."""
    if not _REGION.fullmatch(region):
        yield Problem(path, repr(region), "an AWS region, such as eu-west-1")
