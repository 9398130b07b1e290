"""The declaration of the settings of this account's ECR registry in a region."""

from typing import NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.inputs import Input, strict
from pulumi_gitlab_runner.spec.registries.declaration import RepositorySettingsDeclaration


@strict
class ReplicateToDeclaration(TypedDict):
    """A destination of replication: a registry that pushed images are copied to."""

    region: str
    """The region of the destination."""
    account: NotRequired[Input[str]]
    """The account of the destination, 12 digits in quotes; it must allow this by `replicate_from`. Default:
    this account."""
    prefixes: NotRequired[list[str]]
    """The prefixes of the repository names, such as `team/`. Default: every repository."""


@strict
class ReplicateFromDeclaration(TypedDict):
    """A source of replication: another account that may copy images into this registry."""

    account: Input[str]
    """The account ID, 12 digits in quotes."""
    prefixes: NotRequired[list[str]]
    """The prefixes of the repository names, such as `team/`. Default: every repository."""


@strict
class ScanningDeclaration(TypedDict):
    """The scanning of images for known vulnerabilities.

    A filter is a repository name in which `*` matches any characters; a filter without `*` matches every name
    that contains it.
    """

    enhanced: NotRequired[bool]
    """Whether Amazon Inspector scans images (enhanced scanning), at a charge: also language packages, and
    images that were pushed before. Default false: basic scanning by ECR, of operating system packages."""
    on_push: NotRequired[list[str]]
    """Filters for the repositories whose images are scanned when they are pushed. Default `["*"]`, all."""
    continuous: NotRequired[list[str]]
    """Filters for the repositories whose images are scanned again when a vulnerability is published.
    Only with `enhanced`. Default: none."""


@strict
class CreationTemplateDeclaration(RepositorySettingsDeclaration):
    """The settings of repositories that ECR creates automatically, for a pull-through cache or replication.

    They apply to repositories that ECR creates after the change.
    """

    allow_pull: NotRequired[list[Input[str]]]
    """Other AWS accounts (12 digits, in quotes) that may pull."""
    tags: NotRequired[dict[str, Input[str]]]
    """AWS tags of the repository."""


@strict
class EcrSettingsDeclaration(TypedDict):
    """The settings of this account's ECR registry in one region.

    ECR has one of each in an account and region, and the last write wins: declare them in one stack only.
    """

    replicate_to: NotRequired[list[ReplicateToDeclaration]]
    """The destinations of replication."""
    replicate_from: NotRequired[list[ReplicateFromDeclaration]]
    """The accounts that may copy images into this registry."""
    scanning: NotRequired[ScanningDeclaration]
    """The scanning of images. Default: unchanged."""
    creation_templates: NotRequired[dict[str, CreationTemplateDeclaration]]
    """The settings of repositories that ECR creates automatically, by the prefix of their names: the name of
    a registry with `pull_through`, a prefix of replicated repositories, or `ROOT` for all others."""
