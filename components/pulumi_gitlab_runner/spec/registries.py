"""Registries: a host, how it authenticates, and the repositories that are used of it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from pulumi_gitlab_runner.images.reference import without_password
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.problems import Problem, join_path, listed
from pulumi_gitlab_runner.spec.shape import checked

_strict = with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))

KEEP_IMAGES = 100
UNTAGGED_DAYS = 7


@_strict
class RepositoryDeclaration(TypedDict):
    """One ECR repository: immutable tags, scan on push, encrypted."""

    keep_images: NotRequired[int]
    """How many tagged images stay; older ones expire. 1 or more. Default 100."""
    untagged_days: NotRequired[int]
    """After how many days an image without a tag expires. 1 or more. Default 7."""
    delete_images: NotRequired[bool]
    """Whether the repository may be deleted while it holds images. Default false."""


@_strict
class RepositoriesDeclaration(TypedDict):
    """Repositories of a registry, and who else may pull from them."""

    repositories: NotRequired[dict[str, RepositoryDeclaration]]
    """The repositories by name, such as `private/image`; a plain list of names will do. In a registry that
    the stack creates they are created; in any registry they are all that a runner may pull."""
    allow_pull: NotRequired[list[str]]
    """Other AWS accounts (12 digits, in quotes) that may pull. Only where the repositories are created."""


@_strict
class EcrDeclaration(TypedDict):
    """Which Amazon ECR registry."""

    account: NotRequired[str]
    """The account that owns the registry, 12 digits in quotes: its repositories are only pulled from.
    Without it the registry is this account's, and its repositories are created."""
    region: NotRequired[str]
    """The registry's region. Default: the stack's own."""


@_strict
class StaticDeclaration(TypedDict):
    """A fixed user and password. Either `username` and `password`, or `secret`."""

    username: NotRequired[str]
    """The user."""
    password: NotRequired[str]
    """The password or token: a secret. It is kept in Parameter Store and read when an image is pulled."""
    secret: NotRequired[str]
    """The ARN of a Secrets Manager secret `{"username": …, "password": …}`, read when an image is pulled."""


@_strict
class RegistryDeclaration(RepositoriesDeclaration):
    """A container registry and how it authenticates: exactly one of `ecr` and `static`."""

    ecr: NotRequired[EcrDeclaration]
    """An Amazon ECR registry: short-lived credentials from the runner manager's role."""
    host: NotRequired[str]
    """The registry's host with its port, such as `registry.example.com:5000`. Not for `ecr`."""
    static: NotRequired[StaticDeclaration]
    """A fixed user and password for `host`."""


@dataclass(frozen=True)
class Repository:
    """One ECR repository, with the defaults filled in."""

    name: str
    keep_images: int = KEEP_IMAGES
    untagged_days: int = UNTAGGED_DAYS
    delete_images: bool = False


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

    def repository_arns(self, environment: AwsEnvironment) -> list[str]:
        """The ARN of each declared repository, seen from a stack in `environment`."""
        account, region = self.account or environment.account, self.region or environment.region
        return [
            f"arn:{environment.partition}:ecr:{region}:{account}:repository/{name}"
            for name in self.repositories
        ]


@dataclass(frozen=True)
class StaticRegistry:
    """A registry with a fixed user and password; `secret` is an ARN where they lie in Secrets Manager.

    The password itself is not kept here: it goes from the declaration straight into the secret store.
    """

    name: str
    host: str
    username: str | None = None
    secret: str | None = None
    repositories: Mapping[str, Repository] = field(default_factory=dict)

    def host_in(self, environment: AwsEnvironment) -> str:  # noqa: ARG002 - the same call for every registry
        """The registry's host."""
        return self.host


Registry = EcrRegistry | StaticRegistry

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_HOST = re.compile(rf"(?=localhost$|.*[.:]){_LABEL}(\.{_LABEL})*(:[0-9]{{1,5}})?")
"""With a dot or a port, else it would be a namespace of Docker Hub in an image reference."""
_SECRET_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[a-zA-Z0-9/_+=.@-]+")
_REPOSITORY = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*")
ECR_HOST = re.compile(
    r"(?P<account>[0-9]{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.(amazonaws\.com(\.cn)?|on\.aws)"
)
"""An ECR registry's host, as docker-credential-ecr-login 0.12.0 recognises it."""


def build_registry(name: str, declaration: RegistryDeclaration) -> Registry:
    """The registry that a declaration without problems describes."""
    repositories = _repositories(declaration)
    if "ecr" in declaration:
        ecr = declaration["ecr"]
        allow_pull = tuple(declaration.get("allow_pull", ()))
        return EcrRegistry(name, ecr.get("account"), ecr.get("region"), repositories, allow_pull)
    static = declaration.get("static", {})
    return StaticRegistry(
        name, declaration.get("host", ""), static.get("username"), static.get("secret"), repositories
    )


def build_repositories(declaration: Any, path: str) -> dict[str, Repository]:
    """The repositories that a declaration describes.

    Raises:
        DeclarationError: with every problem of the declaration.
    """
    known = {key: declaration[key] for key in ("repositories", "allow_pull") if key in declaration}
    return _repositories(checked(known, RepositoriesDeclaration, path, repositories_problems))


def _repositories(declaration: RepositoriesDeclaration) -> dict[str, Repository]:
    declared = declaration.get("repositories", {})
    return {name: Repository(name, **settings) for name, settings in declared.items()}


def registry_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    """What is wrong with one registry by itself."""
    kinds = [kind for kind in ("ecr", "static") if kind in declaration]
    if len(kinds) != 1:
        yield Problem(path, listed(kinds, "neither 'ecr' nor 'static'"), "exactly one of 'ecr' and 'static'")
        return
    yield from repositories_problems(declaration, path)
    if "ecr" in declaration:
        yield from _ecr_problems(declaration, path)
    else:
        yield from _static_problems(declaration, path)


def repositories_problems(declaration: RepositoriesDeclaration, path: str) -> Iterator[Problem]:
    """What is wrong with repositories and the accounts that may pull from them."""
    for name, repository in declaration.get("repositories", {}).items():
        at = join_path(path, "repositories", name)
        if not _REPOSITORY.fullmatch(name) or not 2 <= len(name) <= 256:
            yield Problem(
                at, repr(name), "2 to 256 of a-z, 0-9, '.', '_', '-' and '/', as ECR names repositories"
            )
        for key, number in (
            ("keep_images", repository.get("keep_images", 1)),
            ("untagged_days", repository.get("untagged_days", 1)),
        ):
            if number < 1:
                yield Problem(join_path(at, key), str(number), "1 or more")
    for index, account in enumerate(declaration.get("allow_pull", ())):
        if not _ACCOUNT.fullmatch(account):
            yield Problem(join_path(path, "allow_pull", index), repr(account), "an AWS account, 12 digits")


def _ecr_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    ecr = declaration["ecr"]
    if "host" in declaration:
        yield Problem(
            join_path(path, "host"),
            repr(declaration["host"]),
            "no host: ECR's follows from account and region",
        )
    if not _ACCOUNT.fullmatch(ecr.get("account", "0" * 12)):
        yield Problem(join_path(path, "ecr", "account"), repr(ecr["account"]), "an AWS account, 12 digits")
    if not _REGION.fullmatch(ecr.get("region", "eu-west-1")):
        yield Problem(
            join_path(path, "ecr", "region"), repr(ecr["region"]), "an AWS region, such as eu-west-1"
        )
    if not declaration.get("repositories"):
        yield Problem(
            path,
            "no repositories",
            "at least one under 'repositories'",
            "name what runners pull: their role may pull nothing else",
        )
    if "account" in ecr:
        if "allow_pull" in declaration:
            yield Problem(
                join_path(path, "allow_pull"),
                "a list of accounts",
                "nothing, for a registry of another account",
                "its owner must let this account pull, by a policy on each repository",
            )
        for name, repository in declaration.get("repositories", {}).items():
            if repository:
                yield Problem(
                    join_path(path, "repositories", name),
                    listed(repository),
                    "no settings, for a repository of another account: it is only pulled from",
                )


def _static_problems(declaration: RegistryDeclaration, path: str) -> Iterator[Problem]:
    static = declaration["static"]
    if "host" not in declaration:
        yield Problem(path, "no 'host'", "the registry's host, such as registry.example.com:5000")
    elif not _HOST.fullmatch(declaration["host"]):
        yield Problem(
            join_path(path, "host"),
            repr(without_password(declaration["host"])),
            "a host in lower case with its port, without scheme and path: registry.example.com:5000",
        )
    if "allow_pull" in declaration:
        yield Problem(
            join_path(path, "allow_pull"), "a list of accounts", "nothing: only ECR knows AWS accounts"
        )
    given = {key for key in ("username", "password", "secret") if static.get(key)}
    if given not in ({"username", "password"}, {"secret"}):
        yield Problem(
            join_path(path, "static"),
            listed(sorted(given), "neither"),
            "'username' and 'password', or 'secret', none of them empty",
        )
    if "secret" in given and not _SECRET_ARN.fullmatch(static["secret"]):
        yield Problem(join_path(path, "static", "secret"), "text", "the ARN of a Secrets Manager secret")
