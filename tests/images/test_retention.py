"""The lifecycle policy of a repository."""

import json

from hypothesis import given
from hypothesis import strategies as st
from pulumi_gitlab_runner.images.retention import lifecycle_policy


def test_untagged_images_expire_by_age_and_tagged_ones_by_number() -> None:
    assert json.loads(lifecycle_policy(keep_images=50, untagged_days=7)) == {
        "rules": [
            {
                "rulePriority": 1,
                "description": "Images without a tag expire after 7 days",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 7,
                },
                "action": {"type": "expire"},
            },
            {
                "rulePriority": 2,
                "description": "The newest 50 images with a tag stay",
                "selection": {
                    "tagStatus": "tagged",
                    "tagPatternList": ["*"],
                    "countType": "imageCountMoreThan",
                    "countNumber": 50,
                },
                "action": {"type": "expire"},
            },
        ]
    }


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_each_number_stands_in_its_own_rule(keep_images: int, untagged_days: int) -> None:
    untagged, tagged = json.loads(lifecycle_policy(keep_images=keep_images, untagged_days=untagged_days))[
        "rules"
    ]
    assert untagged["selection"]["countNumber"] == untagged_days
    assert tagged["selection"]["countNumber"] == keep_images
    assert untagged["rulePriority"] < tagged["rulePriority"]
