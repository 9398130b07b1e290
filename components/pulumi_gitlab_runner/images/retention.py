"""The lifecycle policy of an ECR repository."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TagRule:
    """The retention of images with a tag that matches a pattern: by number or by age.

    Attributes:
        pattern: the pattern, such as ``release-*``; ``*`` matches any text.
        images: the number of newest images to keep; None for `days`.
        days: the number of days until images expire; None for `images`.
    """

    shown = ("pattern", "images", "days")

    pattern: str
    images: int | None = None
    days: int | None = None


def lifecycle_policy(*, keep_images: int, untagged_days: int, keep: Sequence[TagRule] = ()) -> str:
    """The lifecycle policy of an ECR repository.

    ECR evaluates rules by priority and returns them in that order, which is also their order here. An image
    that matches the pattern of a rule is not expired by a later one, but a later one that counts images
    counts it too: docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html. Each rule has one
    pattern, since in ECR an image must match all patterns of a rule.

    Args:
        keep_images: the number of newest tagged images to keep.
        untagged_days: the number of days until an untagged image expires.
        keep: the rules for tagged images; the first rule that matches an image applies.
    """
    untagged = _expiry(
        f"Images without a tag expire after {untagged_days} days",
        {"tagStatus": "untagged"},
        days=untagged_days,
    )
    by_tag = [*keep, TagRule("*", images=keep_images)]
    rules = [untagged, *map(_tag_expiry, by_tag)]
    return json.dumps(
        {"rules": [{"rulePriority": priority, **rule} for priority, rule in enumerate(rules, 1)]}, indent=2
    )


def _tag_expiry(rule: TagRule) -> dict[str, Any]:
    tag = "a tag" if rule.pattern == "*" else f"a tag {rule.pattern}"
    if rule.days:
        description = f"Images with {tag} expire after {rule.days} days"
    else:
        description = f"The newest {rule.images} images with {tag} stay"
    selection = {"tagStatus": "tagged", "tagPatternList": [rule.pattern]}
    return _expiry(description, selection, images=rule.images, days=rule.days)


def _expiry(
    description: str, selection: dict[str, Any], *, images: int | None = None, days: int | None = None
) -> dict[str, Any]:
    """A rule by the number of images, or by their age."""
    count = (
        {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
        if days
        else {"countType": "imageCountMoreThan", "countNumber": images}
    )
    return {"description": description, "selection": {**selection, **count}, "action": {"type": "expire"}}
