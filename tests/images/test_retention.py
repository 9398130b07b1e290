"""The lifecycle policy of a repository."""

import json

from hypothesis import given
from hypothesis import strategies as st
from pulumi_gitlab_runner.images.retention import TagRule, lifecycle_policy


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


def test_a_preview_shows_one_setting_a_line() -> None:
    text = lifecycle_policy(keep_images=50, untagged_days=7)
    assert text.splitlines()[:4] == ["{", '  "rules": [', "    {", '      "rulePriority": 1,']


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_each_number_is_in_its_own_rule(keep_images: int, untagged_days: int) -> None:
    untagged, tagged = json.loads(lifecycle_policy(keep_images=keep_images, untagged_days=untagged_days))[
        "rules"
    ]
    assert untagged["selection"]["countNumber"] == untagged_days
    assert tagged["selection"]["countNumber"] == keep_images
    assert untagged["rulePriority"] < tagged["rulePriority"]


def test_rules_by_tag_come_before_the_rule_for_all_tags_in_the_order_given() -> None:
    keep = (TagRule("release-*", images=500), TagRule("mr-*", days=14))
    rules = json.loads(lifecycle_policy(keep_images=50, untagged_days=7, keep=keep))["rules"]
    assert [rule["rulePriority"] for rule in rules] == [1, 2, 3, 4]
    assert [rule["selection"] for rule in rules[1:]] == [
        {
            "tagStatus": "tagged",
            "tagPatternList": ["release-*"],
            "countType": "imageCountMoreThan",
            "countNumber": 500,
        },
        {
            "tagStatus": "tagged",
            "tagPatternList": ["mr-*"],
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": 14,
        },
        {
            "tagStatus": "tagged",
            "tagPatternList": ["*"],
            "countType": "imageCountMoreThan",
            "countNumber": 50,
        },
    ]
    assert [rule["description"] for rule in rules[1:3]] == [
        "The newest 500 images with a tag release-* stay",
        "Images with a tag mr-* expire after 14 days",
    ]
