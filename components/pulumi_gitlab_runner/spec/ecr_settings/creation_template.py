"""Repository creation templates: the settings of repositories that ECR creates automatically.

Limits: docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepositoryCreationTemplate.html.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pulumi_gitlab_runner.images.ecr import ALL_TAGS
from pulumi_gitlab_runner.spec.aws_tags import AwsTags, tags_problems
from pulumi_gitlab_runner.spec.ecr_settings.declaration import CreationTemplateDeclaration
from pulumi_gitlab_runner.spec.inputs import Value
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.registries.repositories import (
    PREFIX,
    REPOSITORY_SHOWN,
    RepositorySettings,
    accounts_problems,
    key_region_problems,
    parse_settings,
    settings_problems,
)

ROOT = "ROOT"
"""The prefix of the template for every repository that no other template matches."""


@dataclass(frozen=True)
class CreationTemplate(RepositorySettings):
    """A repository creation template, with the defaults filled in."""

    shown = (*REPOSITORY_SHOWN, "allow_pull", "tags")

    prefix: str
    allow_pull: tuple[Value[str], ...] = ()
    tags: AwsTags = field(default_factory=dict)

    @property
    def needs_role(self) -> bool:
        """Whether ECR needs an IAM role to create the repositories.

        Source: docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-create.html.
        """
        return bool(self.kms_key is not None or self.tags)


def parse_creation_templates(
    declared: Mapping[str, CreationTemplateDeclaration],
) -> dict[str, CreationTemplate]:
    """The templates that valid declarations describe, by their prefixes.

    Tags are mutable by default: the upstream registry moves tags, and ECR could not update immutable ones.
    """
    default = {"mutable_tags": [ALL_TAGS]}
    return {
        prefix: parse_settings(CreationTemplate, default | each, prefix=prefix)
        for prefix, each in declared.items()
    }


def creation_template_problems(
    prefix: str, declaration: CreationTemplateDeclaration, region: str | None, path: str
) -> Iterator[Problem]:
    """The problems of a template of the ECR registry in `region`."""
    if prefix != ROOT and not (PREFIX.fullmatch(prefix) and 2 <= len(prefix) <= 256):
        allowed = f"2 to 256 characters: the prefix of repository names, without '/' at the end, or {ROOT}"
        yield Problem(path, repr(prefix), allowed)
    yield from settings_problems(declaration, path)
    if region:
        yield from key_region_problems(declaration, region, path)
    yield from accounts_problems(declaration.get("allow_pull", ()), join_path(path, "allow_pull"))
    yield from tags_problems(declaration.get("tags", {}), join_path(path, "tags"), of_instances=False)
