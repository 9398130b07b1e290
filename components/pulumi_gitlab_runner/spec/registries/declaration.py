"""The declaration of a registry."""

from typing import TYPE_CHECKING, NotRequired, TypeAlias, cast

from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.inputs import Input, SecretInput, strict


@strict
class KeepDeclaration(TypedDict):
    """How long images with certain tags are kept: `images` or `days`."""

    tags: list[str]
    """Patterns of tags, such as `release-*`: `*` matches any characters, and may occur four times. The rule
    applies to each pattern by itself."""
    images: NotRequired[int]
    """How many of the newest images are kept; older ones expire. 1 or more."""
    days: NotRequired[int]
    """After how many days images expire. 1 or more."""


@strict
class RepositorySettingsDeclaration(TypedDict):
    """The settings of an ECR repository for its images."""

    keep_images: NotRequired[int]
    """How many tagged images are kept; older ones expire. Images with a rule in `keep` count too, but are
    kept or expire by that rule. 1 or more. Default 100."""
    untagged_days: NotRequired[int]
    """After how many days an image without a tag expires. 1 or more. Default 7."""
    keep: NotRequired[list[KeepDeclaration]]
    """Rules for images by their tags; the first one that matches an image applies."""
    mutable_tags: NotRequired[list[str]]
    """Patterns of the tags that may be moved to another image, such as `latest` or `cache-*`: `*` matches any
    characters, and may occur twice. 5 at most; `["*"]` for all tags. Default: none; in a creation template,
    all."""
    kms_key: NotRequired[Input[str]]
    """The ARN of the KMS key that encrypts the images, in the repository's region. Default: the AWS managed
    key. It cannot be changed: another key replaces the repository."""


@strict
class RepositoryDeclaration(RepositorySettingsDeclaration):
    """One ECR repository: immutable tags, scan on push, encrypted."""

    delete_images: NotRequired[bool]
    """Whether the repository may be deleted while it holds images. Default false: ECR then refuses."""
    adopt: NotRequired[bool]
    """Whether an existing repository is imported as it is: while this is true, neither its settings nor its
    policies nor its images change. After it is removed, the next `up` applies the declaration; if it is
    encrypted by KMS, declare its `kms_key` too. Default false."""


if TYPE_CHECKING:
    Repositories: TypeAlias = dict[str, RepositoryDeclaration] | list[str]
else:
    Repositories = dict[str, RepositoryDeclaration]
    """Repositories by name. A list of names becomes one when a declaration is read (`spec.shape`)."""


@strict
class RepositoriesDeclaration(TypedDict):
    """Repositories of a registry, and who else may pull from them."""

    repositories: NotRequired[Repositories]
    """The repositories by name, such as `private/image`, or a list of names. In a registry of this account,
    the stack creates them; in every registry, runners may pull from these only."""
    allow_pull: NotRequired[list[Input[str]]]
    """Other AWS accounts (12 digits, in quotes) that may pull. Only where the repositories are created."""


def declared_repositories(declaration: RepositoriesDeclaration) -> dict[str, RepositoryDeclaration]:
    """The repositories of a declaration of the right shape, in which a list of names has become a mapping."""
    return cast("dict[str, RepositoryDeclaration]", declaration.get("repositories", {}))


@strict
class EcrDeclaration(TypedDict):
    """Which Amazon ECR registry."""

    account: NotRequired[Input[str]]
    """The account that owns the registry, 12 digits in quotes: its repositories are only pulled from.
    Without it the registry is this account's, and its repositories are created."""
    region: NotRequired[Input[str]]
    """The registry's region. Default: the stack's."""
    caches: NotRequired[list[str]]
    """The prefixes of its pull-through caches, such as `docker-hub`: the role may import images that are not
    cached yet into `repositories` below a prefix, or into all below it where none are declared. Only with
    `account`; in this account, declare a cache as a registry with `pull_through`. Default: none."""


@strict
class EcrPublicDeclaration(TypedDict):
    """Amazon's public gallery has no settings."""


@strict
class StaticDeclaration(TypedDict):
    """A fixed user and password: `username` and `password`, or where they are: `secret` or `parameter`."""

    username: NotRequired[Input[str]]
    """The user."""
    password: NotRequired[SecretInput[str]]
    """The password or token: a secret. It is kept in Parameter Store, which the host reads every 45
    seconds."""
    secret: NotRequired[Input[str]]
    """The ARN of a Secrets Manager secret `{"username": …, "password": …}`, which the host reads every 45
    seconds."""
    parameter: NotRequired[Input[str]]
    """The ARN of a Parameter Store parameter with the same text, read as often."""
    key: NotRequired[Input[str]]
    """The ARN of the KMS key that encrypts `secret` or `parameter`, where it is not an AWS managed key."""


@strict
class DeployTokenDeclaration(TypedDict):
    """A deploy token of a project or group, with the scope `read_registry`."""

    username: Input[str]
    """The token's user, such as `gitlab+deploy-token-1`."""
    password: SecretInput[str]
    """The token: a secret. It is kept in Parameter Store, which the host reads every 45 seconds."""


@strict
class GitLabRegistryDeclaration(TypedDict):
    """GitLab's container registry. By default, jobs use the credentials that GitLab gives them."""

    deploy_token: NotRequired[DeployTokenDeclaration]
    """A deploy token, for images of projects that the job's credentials have no access to."""


@strict
class UpstreamCredentialsDeclaration(TypedDict):
    """The user that ECR logs in as at a registry that it caches."""

    username: Input[str]
    """The user."""
    access_token: SecretInput[str]
    """The user's access token, which may read images: a secret. It is kept in Secrets Manager."""


@strict
class RegistryDeclaration(RepositoriesDeclaration):
    """A container registry and how it authenticates.

    Exactly one of `ecr`, `ecr_public`, `pull_through`, `static`, `gitlab` and `helper`.
    """

    ecr: NotRequired[EcrDeclaration]
    """An Amazon ECR registry, `{}` for this account's: short-lived credentials from the runner manager's
    role."""
    ecr_public: NotRequired[EcrPublicDeclaration]
    """`{}` for `public.ecr.aws` with the role's credentials. Pulls without credentials work too, with a lower
    rate limit."""
    pull_through: NotRequired[str]
    """A public registry, cached by ECR of this account under the registry's name: `docker-hub`, `ecr-public`,
    `ghcr`, `gitlab`, `kubernetes` or `quay`."""
    upstream_secret: NotRequired[Input[str]]
    """The ARN of a Secrets Manager secret `{"username": …, "accessToken": …}`, whose name starts with
    `ecr-pullthroughcache/`, in this account and region. It or `upstream_credentials` is required for
    `docker-hub`, `ghcr` and `gitlab`."""
    upstream_credentials: NotRequired[UpstreamCredentialsDeclaration]
    """The user and token, in place of `upstream_secret`: the stack creates the secret."""
    host: NotRequired[Input[str]]
    """The host with its port, such as `registry.example.com:5000`, for `static`, `gitlab` and `helper`. With
    a path, `registry.example.com/team`, the credentials are for what is below it; from runner 17.5 on."""
    static: NotRequired[StaticDeclaration]
    """A fixed user and password for `host`."""
    gitlab: NotRequired[GitLabRegistryDeclaration]
    """GitLab's container registry at `host`, such as `registry.gitlab.com`; `{}` for the credentials of each
    job."""
    helper: NotRequired[Input[str]]
    """The absolute path of another Docker credential helper, for `host`. It must be installed in the host's
    machine image: for Google `docker-credential-gcr` (`REGION-docker.pkg.dev`, `gcr.io`), for Azure
    `docker-credential-acr-env` (`NAME.azurecr.io`). Not in `/usr/local/bin`, where jobs could name it."""
