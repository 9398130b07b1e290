"""Pull-through caches: public registries that this account's ECR caches, with the credentials of ECR.

Source: docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html and
docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.inputs import Value, check, check_key, optional, secret, value
from pulumi_gitlab_runner.spec.problems import Problem, did_you_mean, join_path, listed
from pulumi_gitlab_runner.spec.regions import arn_region_problems
from pulumi_gitlab_runner.spec.registries.declaration import RegistryDeclaration, declared_repositories
from pulumi_gitlab_runner.spec.registries.ecr import AmazonRegistry
from pulumi_gitlab_runner.spec.registries.registry import EcrImage, Login, PullAccess, RenewalSource
from pulumi_gitlab_runner.spec.registries.repositories import empty_problems, parse_repositories
from pulumi_gitlab_runner.spec.texts import login_problems

DOCKER_HUB = "docker-hub"

UPSTREAM_HOSTS = {
    DOCKER_HUB: "registry-1.docker.io",
    "ecr-public": "public.ecr.aws",
    "ghcr": "ghcr.io",
    "gitlab": "registry.gitlab.com",
    "kubernetes": "registry.k8s.io",
    "quay": "quay.io",
}
"""The upstream registries that ECR can cache, each with its URL in a pull-through cache rule."""

_NEED_A_SECRET = (DOCKER_HUB, "ghcr", "gitlab")
_SECRET_ARN = re.compile(
    r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:ecr-pullthroughcache/[a-zA-Z0-9/_+=.@-]+"
)


@dataclass(frozen=True)
class PullThroughRegistry(AmazonRegistry):
    """A public registry that ECR caches in the account and region of the stack.

    Its repositories are those that may be pulled, by their names in the upstream registry.

    Attributes:
        upstream: the upstream registry, a key of `UPSTREAM_HOSTS`.
        upstream_secret: the ARN of an existing secret with the credentials for the upstream registry.
        upstream_login: the declared user and token for the upstream registry.
    """

    shown = ("upstream", "repositories")
    not_pushed = "ECR imports these images from the upstream registry"

    upstream: str
    upstream_secret: Value[str] | None = None
    upstream_login: Login | None = None

    @property
    def prefix(self) -> str:
        """The prefix of the cached repositories: the name of the registry."""
        return self.name

    def name_in_the_cache(self, repository: str) -> str:
        """The name of a repository in the cache: with `library/` for Docker Hub's official images.

        Source: docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-working-pulling.html.
        """
        official = self.upstream == DOCKER_HUB and "/" not in repository
        return f"library/{repository}" if official else repository

    def is_cached(self, repository: str) -> bool:
        """True: every repository is cached."""
        del repository
        return True

    @property
    def upstream_host(self) -> str:
        """The host of the upstream registry."""
        return UPSTREAM_HOSTS[self.upstream]

    def host_in(self, environment: AwsEnvironment) -> str:
        """The host of the stack's ECR registry."""
        return environment.ecr_host

    def address_in(self, environment: AwsEnvironment) -> str:
        """The host of the stack's ECR registry, with the prefix of the cache."""
        return f"{self.host_in(environment)}/{self.prefix}"

    def environment_known_from(self, environment: AwsEnvironment | None) -> AwsEnvironment | None:
        """The environment of the stack."""
        return environment

    def pull_access(self, environment: AwsEnvironment) -> PullAccess:
        """Access to pull and import the declared repositories; all repositories if none is declared."""
        names = self.repositories or ("*",)
        return PullAccess(
            cached=[environment.arn("ecr", f"repository/{self.prefix}/{each}") for each in names]
        )

    def ecr_image(self, repository: str, tag: str) -> EcrImage:
        """The cached image in ECR."""
        return EcrImage(f"{self.prefix}/{repository}", tag)

    def renewal(self, environment: AwsEnvironment, own_parameter: str) -> RenewalSource:
        """An ECR password of the stack's region."""
        del own_parameter
        return RenewalSource("ecr", environment.region)


def parse_pull_through(name: str, declaration: RegistryDeclaration) -> PullThroughRegistry:
    """The registry that a valid declaration describes."""
    credentials = declaration.get("upstream_credentials")
    return PullThroughRegistry(
        name,
        declaration["pull_through"],
        optional(declaration.get("upstream_secret")),
        credentials and Login(value(credentials["username"]), secret(credentials["access_token"])),
        repositories=parse_repositories(declaration),
    )


def pull_through_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    """The problems of a pull-through cache."""
    upstream = declaration["pull_through"]
    if upstream not in UPSTREAM_HOSTS:
        fix = did_you_mean(upstream, list(UPSTREAM_HOSTS))
        yield Problem(join_path(path, "pull_through"), repr(upstream), listed(UPSTREAM_HOSTS), fix)
        return
    yield from _library_problems(declaration, path)
    given = [key for key in ("upstream_secret", "upstream_credentials") if key in declaration]
    if upstream not in _NEED_A_SECRET:
        for key in given:
            found = f"{key!r}, for {upstream}"
            yield Problem(
                join_path(path, key), found, f"no {key!r}: ECR pulls from {upstream} without credentials"
            )
        return
    if len(given) != 1:
        yield Problem(
            path,
            f"{listed(given, 'neither upstream_secret nor upstream_credentials')}, for {upstream}",
            "one of upstream_secret and upstream_credentials",
            f"ECR caches {upstream} only with credentials; without credentials: {listed(_without_secret())}",
        )
    yield from check_key(declaration, "upstream_secret", path, _secret_problems)
    if credentials := declaration.get("upstream_credentials"):
        at = join_path(path, "upstream_credentials")
        for each in (credentials["username"], credentials["access_token"]):
            yield from check(each, empty_problems, at, "'username' and 'access_token'")
        yield from login_problems(credentials, ("username", "access_token"), at)


def _library_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    """The problems of official images of Docker Hub that are declared without `library/`."""
    cache = PullThroughRegistry("", declaration["pull_through"])
    for name in declared_repositories(declaration):
        if (right := cache.name_in_the_cache(name)) != name:
            yield Problem(
                join_path(path, "repositories", name), repr(name), right, official_image_advice(right)
            )


def official_image_advice(right: str) -> str:
    """The fix for the short name of an official image, with the reason."""
    return f"write {right}: a cache needs the full name of an official image of Docker Hub"


def _secret_problems(arn: str, path: str) -> Iterator[Problem]:
    if not _SECRET_ARN.fullmatch(arn):
        yield Problem(
            path,
            "text",
            "the ARN of a Secrets Manager secret whose name starts with ecr-pullthroughcache/",
            "ECR can read only secrets with this prefix",
        )
    else:
        yield from arn_region_problems(arn, path)


def _without_secret() -> list[str]:
    return [upstream for upstream in UPSTREAM_HOSTS if upstream not in _NEED_A_SECRET]
