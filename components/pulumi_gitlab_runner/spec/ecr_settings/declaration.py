"""The declaration of the settings of this account's ECR registry in a region."""

from typing import NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.inputs import Input, strict
from pulumi_gitlab_runner.spec.registries.declaration import RepositorySettingsDeclaration


@strict
class ReplicateToDeclaration(TypedDict):
    """Another registry that images are copied to when they are pushed here."""

    region: str
    """Its region."""
    account: NotRequired[Input[str]]
    """Its account, 12 digits in quotes, which must allow it by `replicate_from`. Default: this account."""
    prefixes: NotRequired[list[str]]
    """The prefix of the repositories' names, such as `team/`. Default: every repository."""


@strict
class ReplicateFromDeclaration(TypedDict):
    """Another account that may copy images to here."""

    account: Input[str]
    """The account, 12 digits in quotes."""
    prefixes: NotRequired[list[str]]
    """The prefix of the repositories' names, such as `team/`. Default: every repository."""


@strict
class ScanningDeclaration(TypedDict):
    """How images are scanned for known vulnerabilities.

    A filter is a repository's name, in which `*` matches any characters; without `*` it matches every name
    that contains it.
    """

    enhanced: NotRequired[bool]
    """Whether Amazon Inspector scans, at a charge: language packages too, and images that were pushed before.
    Default false: ECR's own scanning of packages of the operating system."""
    on_push: NotRequired[list[str]]
    """Filters for the repositories whose images are scanned when they are pushed. Default `["*"]`, all."""
    continuous: NotRequired[list[str]]
    """Filters for the repositories whose images are scanned again whenever a vulnerability becomes known.
    Only with `enhanced`. Default: none."""


@strict
class CreationTemplateDeclaration(RepositorySettingsDeclaration):
    """The settings of repositories that ECR creates by itself, for a pull-through cache or for replication.

    They apply to repositories that are created from then on.
    """

    allow_pull: NotRequired[list[Input[str]]]
    """Other AWS accounts (12 digits, in quotes) that may pull."""
    tags: NotRequired[dict[str, Input[str]]]
    """AWS tags of the repository."""


@strict
class EcrSettingsDeclaration(TypedDict):
    """Settings of this account's ECR registry in one region.

    ECR has one of each in an account and region, and the last write wins: declare them in one stack.
    """

    replicate_to: NotRequired[list[ReplicateToDeclaration]]
    """The registries that images are copied to when they are pushed."""
    replicate_from: NotRequired[list[ReplicateFromDeclaration]]
    """The accounts that may copy images to here."""
    scanning: NotRequired[ScanningDeclaration]
    """How images are scanned. Default: unchanged."""
    creation_templates: NotRequired[dict[str, CreationTemplateDeclaration]]
    """The settings of repositories that ECR creates by itself, by the prefix of their names: the name of a
    registry with `pull_through`, a prefix of replicated repositories, or `ROOT` for all others."""
