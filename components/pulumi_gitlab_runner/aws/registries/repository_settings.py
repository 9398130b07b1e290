"""The settings of a stack's ECR repositories, and of those that ECR creates from creation templates."""

from collections.abc import Sequence
from typing import Any

import pulumi

from pulumi_gitlab_runner.iam.pull import pull_by_accounts_policy
from pulumi_gitlab_runner.images.ecr import tag_mutability
from pulumi_gitlab_runner.images.retention import lifecycle_policy
from pulumi_gitlab_runner.manager.environment import Environment
from pulumi_gitlab_runner.resolution import given, resolved
from pulumi_gitlab_runner.spec.inputs import Value
from pulumi_gitlab_runner.spec.registries.repositories import RepositorySettings


def repository_inputs(settings: RepositorySettings) -> dict[str, Any]:
    """The tag mutability and encryption of a repository, as inputs of its resource."""
    mode, filters = tag_mutability(settings.mutable_tags)
    encryption: dict[str, Any] = {"encryption_type": "AES256"}
    if settings.kms_key is not None:
        encryption = {"encryption_type": "KMS", "kms_key": given(settings.kms_key)}
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


def pull_policy(accounts: Sequence[Value[str]], environment: Environment) -> pulumi.Output[str]:
    """The repository policy that allows other accounts to pull.

    Args:
        accounts: the ids of the accounts.
        environment: the AWS environment of the repository.
    """
    return pulumi.Output.all(resolved(tuple(accounts)), environment).apply(
        lambda known: pull_by_accounts_policy(known[0], known[1].partition)
    )
