"""Amazon ECR registries, of this account and of others."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pulumi_gitlab_runner.auth.registry_list import ECR_HELPER
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment, partition_of
from pulumi_gitlab_runner.spec.inputs import Value, check, check_key, is_known, known, model_of
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.regions import region_problems
from pulumi_gitlab_runner.spec.registries.declaration import (
    EcrDeclaration,
    RegistryDeclaration,
    RepositoriesDeclaration,
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


class AmazonRegistry(Registry):
    """A registry of Amazon ECR: an IAM role and ECR's credential helper are sufficient."""

    description = "an ECR registry"
    no_login = "an ECR password expires after 12 hours: use a runner of this stack, or hosted_auth"
    by_role = True
    program = "docker-credential-ecr-login"

    def credential_source(self, environment: AwsEnvironment, own: CredentialSource) -> CredentialSource:
        """The credential helper of ECR."""
        del environment, own
        return CredentialSource("helper", (ECR_HELPER,))


@dataclass(frozen=True)
class EcrRegistry(AmazonRegistry):
    """An Amazon ECR registry; `account` and `region` are None for those of the stack.

    Attributes:
        allow_pull: the other accounts that may pull.
        caches: the prefixes of the pull-through caches of another account's registry.
    """

    shown = ("account", "region", "repositories", "caches", "allow_pull")

    account: Value[str] | None = None
    region: Value[str] | None = None
    allow_pull: tuple[Value[str], ...] = ()
    caches: tuple[str, ...] = ()

    @property
    def created(self) -> bool:
        """Whether the stack creates the repositories: only in its own account."""
        return self.account is None

    def host_in(self, environment: AwsEnvironment) -> str:
        """The host of the registry."""
        return self._place(environment).ecr_host

    def environment_known_from(self, environment: AwsEnvironment | None) -> AwsEnvironment | None:
        """The environment of the stack, or the declared account and region of the registry."""
        if not (is_known(self.account) and is_known(self.region)):
            return None
        if environment is not None:
            return environment
        if self.account is None or self.region is None:
            return None
        region = known(self.region)
        return AwsEnvironment(known(self.account), region, partition_of(region))

    def pull_access(self, environment: AwsEnvironment) -> PullAccess:
        """Pull access to the declared repositories; in another account, its owner must also allow it."""
        account = self._place(environment).account
        owner = None if account == environment.account else account
        cached = [name for name in self.repositories if self.is_cached(name)]
        cached += [f"{cache}/*" for cache in self._whole_caches]
        return PullAccess(
            repositories=self._arns([name for name in self.repositories if name not in cached], environment),
            cached=self._arns(cached, environment),
            owner=owner,
        )

    def repository_arns(self, environment: AwsEnvironment) -> list[str]:
        """The ARNs of the declared repositories."""
        return self._arns(self.repositories, environment)

    def may_hold(self, repository: str) -> bool:
        """Whether a repository is declared, or has the prefix of a cache without declared repositories."""
        return super().may_hold(repository) or self._cache_of(repository) in self._whole_caches

    def is_cached(self, repository: str) -> bool:
        """Whether a repository has the prefix of a cache."""
        return self._cache_of(repository) is not None

    def _arns(self, names: Iterable[str], environment: AwsEnvironment) -> list[str]:
        place = self._place(environment)
        return [place.arn("ecr", f"repository/{name}") for name in names]

    def _cache_of(self, repository: str) -> str | None:
        """The cache with the prefix of a repository; None if there is none."""
        return next((each for each in self.caches if repository.startswith(f"{each}/")), None)

    @property
    def _whole_caches(self) -> list[str]:
        """The caches with no declared repositories."""
        narrowed = {self._cache_of(name) for name in self.repositories}
        return [each for each in self.caches if each not in narrowed]

    def ecr_image(self, repository: str, tag: str) -> EcrImage:
        """The image in ECR, with the declared account and region."""
        account = None if self.account is None else known(self.account)
        region = None if self.region is None else known(self.region)
        return EcrImage(repository, tag, account, region)

    def renewal(self, environment: AwsEnvironment, own_parameter: str) -> RenewalSource:
        """An ECR password of the registry's region."""
        del own_parameter
        return RenewalSource("ecr", self._place(environment).region)

    @property
    def not_pushed(self) -> str:
        """The stack pushes only to registries of its account."""
        return "" if self.created else "the registry is another account's: build the image in a stack there"

    def _place(self, environment: AwsEnvironment) -> AwsEnvironment:
        """The account and region of the registry, in the partition of the stack."""
        account = known(self.account) if self.account is not None else environment.account
        region = known(self.region) if self.region is not None else environment.region
        return AwsEnvironment(account, region, environment.partition)


def parse_ecr(name: str, declaration: RegistryDeclaration) -> EcrRegistry:
    """The registry that a valid declaration describes."""
    repositories = parse_repositories(declaration)
    return model_of(EcrRegistry, {**declaration, **declaration["ecr"]}, name=name, repositories=repositories)


def ecr_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    """The problems of an ECR registry."""
    ecr = declaration["ecr"]
    at = join_path(path, "ecr")
    yield from check_key(ecr, "account", at, account_problems)
    yield from check_key(ecr, "region", at, region_problems)
    if "region" in ecr:
        yield from check(ecr["region"], repository_keys_problems, declaration, path)
    yield from _cache_problems(ecr, path)
    if not declaration.get("repositories") and not ecr.get("caches"):
        yield Problem(
            path,
            "no repositories",
            "at least one under 'repositories'",
            "name the repositories that runners pull from: their role allows only these",
        )
    if "account" in ecr and "allow_pull" in declaration:
        yield Problem(
            join_path(path, "allow_pull"),
            "a list of accounts",
            "no 'allow_pull' for a registry of another account",
            "the owner must allow this account to pull, by a policy on each repository",
        )


def _cache_problems(ecr: EcrDeclaration, path: str) -> Iterator[Problem]:
    if "caches" in ecr and "account" not in ecr:
        yield Problem(
            join_path(path, "ecr", "caches"),
            "prefixes of caches, without 'account'",
            "'caches' together with 'account'",
            "declare a cache of this account as a separate registry: pull_through: docker-hub",
        )
    yield from check_key(ecr, "caches", join_path(path, "ecr"), prefix_problems)


def repository_keys_problems(
    region: str, declaration: RepositoriesDeclaration, path: str
) -> Iterator[Problem]:
    """The problems of the KMS keys of repositories in a region."""
    for name, repository in declared_repositories(declaration).items():
        yield from key_region_problems(repository, region, join_path(path, "repositories", name))
