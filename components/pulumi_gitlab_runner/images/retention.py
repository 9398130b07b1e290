"""Which images an ECR repository keeps."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TagRule:
    """How long images with a tag of one pattern are kept: by their number or by their age.

    Attributes:
        pattern: such as ``release-*``; ``*`` matches any characters.
        images: how many are kept, the newest first.
        days: after how many days they expire, where `images` is None.
    """

    shown = ("pattern", "images", "days")

    pattern: str
    images: int | None = None
    days: int | None = None


def lifecycle_policy(*, keep_images: int, untagged_days: int, keep: Sequence[TagRule] = ()) -> str:
    """The lifecycle policy of an ECR repository.

    ECR evaluates rules by priority, and returns them in that order; so they are written in it. An
    image that fits the pattern of a rule is not expired by a later one, but a later one that counts images
    counts it too: docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html. Each rule has one
    pattern, since ECR takes several for images that fit them all.

    Args:
        keep_images: how many images with a tag are kept, the newest first.
        untagged_days: after how many days an image without a tag expires.
        keep: the rules for images by their tags; the first one that fits an image decides.
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
