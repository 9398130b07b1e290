"""What ECR repositories have in common, those of a stack and those that ECR creates by itself."""

from typing import Any

import pulumi

from pulumi_gitlab_runner.images.mutability import tag_mutability
from pulumi_gitlab_runner.images.retention import lifecycle_policy
from pulumi_gitlab_runner.spec.registries.repositories import RepositorySettings


def repository_inputs(settings: RepositorySettings, kms_key: pulumi.Input[str] | None) -> dict[str, Any]:
    """How the images of a repository are tagged and encrypted, as inputs of its resource.

    Args:
        settings: the repository's.
        kms_key: its key, which may be known only later.
    """
    mode, filters = tag_mutability(settings.mutable_tags)
    encryption: dict[str, Any] = {"encryption_type": "AES256"}
    if kms_key:
        encryption = {"encryption_type": "KMS", "kms_key": kms_key}
    return {
        "image_tag_mutability": mode,
        "image_tag_mutability_exclusion_filters": filters or None,
        "encryption_configurations": [encryption],
    }


def lifecycle_policy_of(settings: RepositorySettings) -> str:
    """The lifecycle policy of a repository."""
    return lifecycle_policy(
        keep_images=settings.keep_images, untagged_days=settings.untagged_days, keep=settings.keep
    )
