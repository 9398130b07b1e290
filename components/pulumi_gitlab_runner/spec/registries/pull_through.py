"""Public registries that this account's ECR caches: pulled through it, by the credentials of ECR.

Source: docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html and
docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.inputs import Value, check, optional, secret, value
from pulumi_gitlab_runner.spec.problems import Problem, did_you_mean, join_path, listed
from pulumi_gitlab_runner.spec.registries.declaration import RegistryDeclaration, declared_repositories
from pulumi_gitlab_runner.spec.registries.ecr import ECR_HELPER, NO_LOGIN
from pulumi_gitlab_runner.spec.registries.registry import (
    CredentialSource,
    EcrImage,
    Login,
    PullAccess,
    Registry,
    RenewalSource,
)
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
"""The registries that ECR caches, with the address that a rule gives for each."""

_NEED_A_SECRET = (DOCKER_HUB, "ghcr", "gitlab")
_SECRET_ARN = re.compile(
    r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:ecr-pullthroughcache/[a-zA-Z0-9/_+=.@-]+"
)


@dataclass(frozen=True)
class PullThroughRegistry(Registry):
    """A public registry, cached by the ECR of the stack's own account and region.

    Its repositories are those that may be pulled, by their names upstream.

    Attributes:
        upstream: which one, a key of `UPSTREAM_HOSTS`.
        upstream_secret: the ARN of the secret of the user's own that ECR logs in with there, if it does.
        upstream_login: the user and token themselves, where the declaration has them.
    """

    shown = ("upstream", "repositories")

    upstream: str
    upstream_secret: Value[str] | None = None
    upstream_login: Login | None = None

    @property
    def prefix(self) -> str:
        """The prefix of cached repositories: the registry's name."""
        return self.name

    def name_in_the_cache(self, repository: str) -> str:
        """The name that a repository has behind the cache: with `library/` for Docker Hub's official images.

        Source: docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-working-pulling.html.
        """
        official = self.upstream == DOCKER_HUB and "/" not in repository
        return f"library/{repository}" if official else repository

    def is_cached(self, repository: str) -> bool:
        """All of it is."""
        del repository
        return True

    @property
    def upstream_host(self) -> str:
        """The address of the public registry."""
        return UPSTREAM_HOSTS[self.upstream]

    def host_in(self, environment: AwsEnvironment) -> str:
        """The host of the ECR registry that caches."""
        return f"{environment.account}.dkr.ecr.{environment.region}.{environment.dns_suffix}"

    def address_in(self, environment: AwsEnvironment) -> str:
        """That host, and the prefix of the cache."""
        return f"{self.host_in(environment)}/{self.prefix}"

    def environment_known_from(self, environment: AwsEnvironment | None) -> AwsEnvironment | None:
        """The stack's."""
        return environment

    @property
    def description(self) -> str:
        """An ECR registry, as far as its credentials go."""
        return "an ECR registry"

    def credential_source(self, environment: AwsEnvironment, own: CredentialSource) -> CredentialSource:
        """ECR's own helper."""
        del environment, own
        return CredentialSource("helper", (ECR_HELPER,))

    def pull_access(self, environment: AwsEnvironment) -> PullAccess:
        """To pull the cached repositories, and to have ECR fill them; all of them where none are declared."""
        return PullAccess(
            cached=[
                f"arn:{environment.partition}:ecr:{environment.region}:{environment.account}"
                f":repository/{self.prefix}/{name}"
                for name in self.repositories or ("*",)
            ]
        )

    @property
    def no_login(self) -> str:
        """Its passwords do not last."""
        return NO_LOGIN

    def ecr_image(self, repository: str, tag: str) -> EcrImage:
        """The cached image."""
        return EcrImage(f"{self.prefix}/{repository}", tag)

    def renewal(self, environment: AwsEnvironment, own_parameter: str) -> RenewalSource:
        """The password of ECR in the stack's region."""
        del own_parameter
        return RenewalSource("ecr", environment.region)

    @property
    def by_role(self) -> bool:
        """A role logs in."""
        return True

    @property
    def not_pushed(self) -> str:
        """A cache is filled by ECR."""
        return "ECR fetches these images from upstream itself"

    @property
    def program(self) -> str:
        """ECR's helper."""
        return "docker-credential-ecr-login"


def parse_pull_through(name: str, declaration: RegistryDeclaration) -> PullThroughRegistry:
    """The registry that a declaration without problems describes."""
    credentials = declaration.get("upstream_credentials")
    return PullThroughRegistry(
        name,
        declaration["pull_through"],
        optional(declaration.get("upstream_secret")),
        credentials and Login(value(credentials["username"]), secret(credentials["access_token"])),
        repositories=parse_repositories(declaration),
    )


def pull_through_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    """The problems of a cached registry."""
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
            yield Problem(join_path(path, key), found, "nothing: ECR pulls from there without credentials")
        return
    if len(given) != 1:
        yield Problem(
            path,
            f"{listed(given, 'neither upstream_secret nor upstream_credentials')}, for {upstream}",
            "one of upstream_secret and upstream_credentials, which ECR logs in with",
            f"AWS caches {upstream} only with an account there; without one: {listed(_without_secret())}",
        )
    if "upstream_secret" in declaration:
        yield from check(
            declaration["upstream_secret"],
            lambda arn: _secret_problems(arn, join_path(path, "upstream_secret")),
        )
    if credentials := declaration.get("upstream_credentials"):
        at = join_path(path, "upstream_credentials")
        for each in (credentials["username"], credentials["access_token"]):
            yield from check(each, lambda text: empty_problems(text, at, "'username' and 'access_token'"))
        yield from login_problems(credentials, ("username", "access_token"), at)


def _library_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    """Official images of Docker Hub that are declared without `library/`."""
    cache = PullThroughRegistry("", declaration["pull_through"])
    for name in declared_repositories(declaration):
        if (right := cache.name_in_the_cache(name)) != name:
            yield Problem(
                join_path(path, "repositories", name), repr(name), right, official_image_advice(right)
            )


def official_image_advice(right: str) -> str:
    """The name to use in place of an official image's short name, and why."""
    return f"write {right}: an official image of Docker Hub has its whole name behind a cache"


def _secret_problems(arn: str, path: str) -> Iterator[Problem]:
    if not _SECRET_ARN.fullmatch(arn):
        yield Problem(
            path,
            "text",
            "the ARN of a Secrets Manager secret whose name starts with ecr-pullthroughcache/",
            "ECR may read no other secrets",
        )


def _without_secret() -> list[str]:
    return [upstream for upstream in UPSTREAM_HOSTS if upstream not in _NEED_A_SECRET]
