"""Tags of resources: the declared tags, and the mark of the stack that created the resource."""

from typing import Any

import pulumi

from pulumi_gitlab_runner.existing import stack_mark
from pulumi_gitlab_runner.resolution import given
from pulumi_gitlab_runner.spec.aws_tags import STACK_TAG, AwsTags


def tag_inputs(tags: AwsTags, **own: pulumi.Input[str]) -> dict[str, Any]:
    """Tags as the input of a resource, with the mark of the stack.

    Args:
        tags: the declared tags.
        own: the default tags of the resource, which declared tags override.
    """
    return {**own, **plain_tags(tags), STACK_TAG: stack_mark()}


def plain_tags(tags: AwsTags) -> dict[str, Any]:
    """The declared tags as an input, for resources that AWS creates instead of this stack."""
    return {key: given(each) for key, each in tags.items()}


def group_tags(tags: AwsTags, **own: str) -> list[Any]:
    """Tags of an Auto Scaling group, propagated to its instances, with the mark of the stack.

    Args:
        tags: the declared tags.
        own: the default tags of the group, which declared tags override.
    """
    return [
        {"key": key, "value": each, "propagate_at_launch": True}
        for key, each in tag_inputs(tags, **own).items()
    ]
