"""Tags of resources."""

from typing import Any

import pulumi

from pulumi_gitlab_runner.resolution import given
from pulumi_gitlab_runner.spec.aws_tags import AwsTags


def tag_inputs(tags: AwsTags, **own: pulumi.Input[str]) -> dict[str, Any] | None:
    """Tags as the input of a resource; None where there are none.

    Args:
        tags: the declared ones.
        own: the resource's own, which the declared ones may replace.
    """
    return {**own, **{key: given(each) for key, each in tags.items()}} or None


def group_tags(tags: AwsTags, **own: str) -> list[Any]:
    """Tags of an Auto Scaling group, which its instances get too.

    Args:
        tags: the declared ones.
        own: the group's own, which the declared ones may replace.
    """
    return [
        {"key": key, "value": each, "propagate_at_launch": True}
        for key, each in (tag_inputs(tags, **own) or {}).items()
    ]
