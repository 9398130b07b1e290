"""The declaration of a registry."""

from typing import TYPE_CHECKING, NotRequired, TypeAlias, cast

from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.inputs import Input, SecretInput, strict


@strict
class KeepDeclaration(TypedDict):
    """A retention rule for images with certain tags: `images` or `days`."""

    tags: list[str]
    """Patterns of tags, such as `release-*`: `*` matches any characters, and may occur four times. The rule
    applies to each pattern separately."""
    images: NotRequired[int]
    """The number of newest images that are kept; older images expire. 1 or more."""
    days: NotRequired[int]
    """The number of days after which images expire. 1 or more."""


@strict
class RepositorySettingsDeclaration(TypedDict):
    """The settings of an ECR repository for its images, such as their retention."""

    keep_images: NotRequired[int]
    """The number of tagged images that are kept; older images expire. Images with a rule in `keep` count, but
    are kept or expire by that rule. 1 or more. Default 100."""
    untagged_days: NotRequired[int]
    """The number of days after which an image without a tag expires. 1 or more. Default 7."""
    keep: NotRequired[list[KeepDeclaration]]
    """Retention rules for images by their tags; the first rule that matches an image applies."""
    mutable_tags: NotRequired[list[str]]
    """Patterns of the mutable tags, which can be moved to another image, such as `latest` or `cache-*`: `*`
    matches any characters, and may occur twice. 5 at most; `["*"]` for all tags. Default: none; in a creation
    template, all tags."""
    kms_key: NotRequired[Input[str]]
    """The ARN of the KMS key that encrypts the images, in the repository's region. Default: the AWS managed
    key. It cannot be changed: another key replaces the repository."""


@strict
class RepositoryDeclaration(RepositorySettingsDeclaration):
    """An ECR repository with immutable tags, scan on push and encryption."""

    delete_images: NotRequired[bool]
    """Whether the repository can be deleted while it contains images. Default false: ECR refuses to delete
    it."""
    adopt: NotRequired[bool]
    """Whether an existing repository is imported unchanged: while this is true, its settings, policies and
    images are not changed. After the key is removed, the next `up` applies the declaration; for a repository
    that is encrypted with KMS, also declare its `kms_key`. Default false."""


if TYPE_CHECKING:
    Repositories: TypeAlias = dict[str, RepositoryDeclaration] | list[str]
else:
    Repositories = dict[str, RepositoryDeclaration]
    """Repositories by name. `check_shape` converts a list of names to a mapping."""


@strict
class RepositoriesDeclaration(TypedDict):
    """The repositories of a registry, and the other accounts that may pull from them."""

    repositories: NotRequired[Repositories]
    """The repositories by name, such as `private/image`, or a list of names. The stack creates them in a
    registry of this account. In every registry, runners may pull only from these repositories."""
    allow_pull: NotRequired[list[Input[str]]]
    """Other AWS accounts (12 digits, in quotes) that may pull. Only for repositories that the stack
    creates."""


def declared_repositories(declaration: RepositoriesDeclaration) -> dict[str, RepositoryDeclaration]:
    """The repositories of a declaration that `check_shape` accepted: always a mapping."""
    return cast("dict[str, RepositoryDeclaration]", declaration.get("repositories", {}))


@strict
class EcrDeclaration(TypedDict):
    """The account and region of an Amazon ECR registry."""

    account: NotRequired[Input[str]]
    """The account that owns the registry, 12 digits in quotes; the stack does not create its repositories.
    Default: this account, in which the stack creates the repositories."""
    region: NotRequired[Input[str]]
    """The region of the registry. Default: the region of the stack."""
    caches: NotRequired[list[str]]
    """The prefixes of its pull-through caches, such as `docker-hub`: the role may import images that are not
    cached yet into the `repositories` with a prefix, or into all repositories with it if none is declared.
    Only with `account`; in this account, declare a cache as a registry with `pull_through`. Default: none."""


@strict
class EcrPublicDeclaration(TypedDict):
    """Amazon ECR Public, which has no settings."""


@strict
class StaticDeclaration(TypedDict):
    """A fixed user and password: `username` and `password`, or their store: `secret` or `parameter`."""

    username: NotRequired[Input[str]]
    """The user."""
    password: NotRequired[SecretInput[str]]
    """The password or token: a secret. It is stored in Parameter Store, which the host reads every 45
    seconds."""
    secret: NotRequired[Input[str]]
    """The ARN of a Secrets Manager secret `{"username": …, "password": …}`, which the host reads every 45
    seconds."""
    parameter: NotRequired[Input[str]]
    """The ARN of a Parameter Store parameter with the same text, which the host reads every 45 seconds."""
    key: NotRequired[Input[str]]
    """The ARN of the KMS key that encrypts `secret` or `parameter`, if it is not an AWS managed key."""


@strict
class DeployTokenDeclaration(TypedDict):
    """A deploy token of a project or group, with the scope `read_registry`."""

    username: Input[str]
    """The username of the token, such as `gitlab+deploy-token-1`."""
    password: SecretInput[str]
    """The token: a secret. It is stored in Parameter Store, which the host reads every 45 seconds."""


@strict
class GitLabRegistryDeclaration(TypedDict):
    """The GitLab container registry. By default, jobs use the credentials that GitLab gives each job."""

    deploy_token: NotRequired[DeployTokenDeclaration]
    """A deploy token, for images of projects that the job's credentials give no access to."""


@strict
class UpstreamCredentialsDeclaration(TypedDict):
    """The credentials with which ECR pulls from the upstream registry of a cache."""

    username: Input[str]
    """The user."""
    access_token: SecretInput[str]
    """The access token of the user, with read access to images: a secret. It is stored in Secrets Manager."""


@strict
class RegistryDeclaration(RepositoriesDeclaration):
    """A container registry and how it authenticates.

    Exactly one of `ecr`, `ecr_public`, `pull_through`, `static`, `gitlab` and `helper`.
    """

    ecr: NotRequired[EcrDeclaration]
    """An Amazon ECR registry, `{}` for this account's: short-lived credentials from the runner manager's
    role."""
    ecr_public: NotRequired[EcrPublicDeclaration]
    """`{}` for Amazon ECR Public (`public.ecr.aws`) with the role's credentials. Pulls without credentials
    have a lower rate limit."""
    pull_through: NotRequired[str]
    """The upstream registry of a pull-through cache in this account's ECR, whose prefix is the registry's
    name: `docker-hub`, `ecr-public`, `ghcr`, `gitlab`, `kubernetes` or `quay`."""
    upstream_secret: NotRequired[Input[str]]
    """The ARN of a Secrets Manager secret `{"username": …, "accessToken": …}`, whose name starts with
    `ecr-pullthroughcache/`, in this account and region. It or `upstream_credentials` is required for
    `docker-hub`, `ghcr` and `gitlab`."""
    upstream_credentials: NotRequired[UpstreamCredentialsDeclaration]
    """The user and token, in place of `upstream_secret`; the stack creates the secret."""
    host: NotRequired[Input[str]]
    """The host, optionally with a port, such as `registry.example.com:5000`, for `static`, `gitlab` and
    `helper`. With a path, `registry.example.com/team`, the credentials are only for repositories below it;
    from runner 17.5 on."""
    static: NotRequired[StaticDeclaration]
    """A fixed user and password for `host`."""
    gitlab: NotRequired[GitLabRegistryDeclaration]
    """The GitLab container registry at `host`, such as `registry.gitlab.com`; `{}` for the credentials of
    each job."""
    helper: NotRequired[Input[str]]
    """The absolute path of another Docker credential helper, for `host`. It must be installed in the host's
    machine image: for Google `docker-credential-gcr` (`REGION-docker.pkg.dev`, `gcr.io`), for Azure
    `docker-credential-acr-env` (`NAME.azurecr.io`). Not in `/usr/local/bin`, where jobs could use it."""
