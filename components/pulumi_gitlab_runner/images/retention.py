"""Which images of an ECR repository stay."""

import json
from typing import Any


def lifecycle_policy(*, keep_images: int, untagged_days: int) -> str:
    """The lifecycle policy of an ECR repository.

    ECR evaluates rules by their priority, and gives them back in that order; so they are written in it.

    Args:
        keep_images: how many images with a tag stay, the newest first.
        untagged_days: after how many days an image without a tag expires.
    """
    rules: list[dict[str, Any]] = [
        {
            "rulePriority": 1,
            "description": f"Images without a tag expire after {untagged_days} days",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": untagged_days,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "description": f"The newest {keep_images} images with a tag stay",
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": ["*"],
                "countType": "imageCountMoreThan",
                "countNumber": keep_images,
            },
            "action": {"type": "expire"},
        },
    ]
    return json.dumps({"rules": rules}, indent=2)
