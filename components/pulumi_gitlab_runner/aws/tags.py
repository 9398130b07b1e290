"""Tags of resources: the declared ones, and the mark of the stack that made the resource."""

from typing import Any

import pulumi

from pulumi_gitlab_runner.existing import stack_mark
from pulumi_gitlab_runner.resolution import given
from pulumi_gitlab_runner.spec.aws_tags import STACK_TAG, AwsTags


def tag_inputs(tags: AwsTags, **own: pulumi.Input[str]) -> dict[str, Any]:
    """Tags as the input of a resource, with the mark of the stack.

    Args:
        tags: the declared ones.
        own: the resource's own, which the declared ones may replace.
    """
    return {**own, **plain_tags(tags), STACK_TAG: stack_mark()}


def plain_tags(tags: AwsTags) -> dict[str, Any]:
    """Tags as an input for what this stack does not make itself: the declared ones alone."""
    return {key: given(each) for key, each in tags.items()}


def group_tags(tags: AwsTags, **own: str) -> list[Any]:
    """Tags of an Auto Scaling group, which its instances get too, with the mark of the stack.

    Args:
        tags: the declared ones.
        own: the group's own, which the declared ones may replace.
    """
    return [
        {"key": key, "value": each, "propagate_at_launch": True}
        for key, each in tag_inputs(tags, **own).items()
    ]
