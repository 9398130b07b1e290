"""Public registries that this account's ECR caches: pulled through it, by the credentials of ECR.

Source: docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html and
docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.problems import Problem, did_you_mean, join_path, listed
from pulumi_gitlab_runner.spec.registries.declaration import RegistryDeclaration
from pulumi_gitlab_runner.spec.registries.repositories import REPOSITORY, Repository, repositories_of

UPSTREAM_HOSTS = {
    "docker-hub": "registry-1.docker.io",
    "ecr-public": "public.ecr.aws",
    "ghcr": "ghcr.io",
    "gitlab": "registry.gitlab.com",
    "kubernetes": "registry.k8s.io",
    "quay": "quay.io",
}
"""The registries that ECR caches, with the address that a rule gives for each."""

_NEED_A_SECRET = ("docker-hub", "ghcr", "gitlab")
_SECRET_ARN = re.compile(
    r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:ecr-pullthroughcache/[a-zA-Z0-9/_+=.@-]+"
)
_LONGEST_PREFIX = 30


@dataclass(frozen=True)
class PullThroughRegistry:
    """A public registry, cached by the ECR of the stack's own account and region.

    Attributes:
        upstream: which one, a key of `UPSTREAM_HOSTS`.
        upstream_secret: the ARN of the secret of the user's own that ECR logs in with there, if it does.
        upstream_credentials: whether the declaration has the user and token themselves.
        repositories: those that may be pulled, by their names upstream; empty for all.
    """

    name: str
    upstream: str
    upstream_secret: str | None = None
    upstream_credentials: bool = False
    repositories: Mapping[str, Repository] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """What cached repositories start with: the registry's name."""
        return self.name

    @property
    def upstream_host(self) -> str:
        """The address of the public registry."""
        return UPSTREAM_HOSTS[self.upstream]

    def host_in(self, environment: AwsEnvironment) -> str:
        """The host of the ECR registry that caches."""
        return f"{environment.account}.dkr.ecr.{environment.region}.{environment.dns_suffix}"

    def address_in(self, environment: AwsEnvironment) -> str:
        """What stands before a repository in the name of an image."""
        return f"{self.host_in(environment)}/{self.prefix}"

    def repository_arns(self, environment: AwsEnvironment) -> list[str]:
        """The ARNs of the cached repositories; one pattern for all where none are declared."""
        return [
            f"arn:{environment.partition}:ecr:{environment.region}:{environment.account}"
            f":repository/{self.prefix}/{name}"
            for name in self.repositories or ("*",)
        ]


def build_pull_through(name: str, declaration: RegistryDeclaration) -> PullThroughRegistry:
    """The registry that a declaration without problems describes."""
    return PullThroughRegistry(
        name,
        declaration["pull_through"],
        declaration.get("upstream_secret"),
        "upstream_credentials" in declaration,
        repositories_of(declaration),
    )


def pull_through_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    """What is wrong with a cached registry."""
    upstream = declaration["pull_through"]
    if upstream not in UPSTREAM_HOSTS:
        mend = did_you_mean(upstream, list(UPSTREAM_HOSTS))
        yield Problem(join_path(path, "pull_through"), repr(upstream), listed(UPSTREAM_HOSTS), mend)
        return
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
    secret, credentials = declaration.get("upstream_secret"), declaration.get("upstream_credentials")
    if secret is not None and not _SECRET_ARN.fullmatch(secret):
        yield Problem(
            join_path(path, "upstream_secret"),
            "text",
            "the ARN of a Secrets Manager secret whose name starts with ecr-pullthroughcache/",
            "ECR may read no other secrets",
        )
    if credentials is not None and not all(credentials.values()):
        at = join_path(path, "upstream_credentials")
        yield Problem(at, "an empty value", "'username' and 'access_token'")


def prefix_problems(name: str, path: str) -> Iterator[Problem]:
    """What is wrong with a cached registry's name, which is the prefix of its repositories in ECR."""
    if not 2 <= len(name) <= _LONGEST_PREFIX or not REPOSITORY.fullmatch(name):
        yield Problem(
            path,
            repr(name),
            f"a name of 2 to {_LONGEST_PREFIX} characters that does not end with '-'",
            "ECR takes it as the prefix of the cached repositories",
        )


def _without_secret() -> list[str]:
    return [upstream for upstream in UPSTREAM_HOSTS if upstream not in _NEED_A_SECRET]
