"""What of a job's secrets may stand in a message: nothing."""

import pytest
from pulumi_gitlab_runner.review.masking import masked


@pytest.mark.parametrize(
    ("text", "environment", "told"),
    [
        ("refused: hunter2hunter2", {"GITLAB_TOKEN": "hunter2hunter2"}, "refused: [secret]"),
        ("abcdef abcdefgh", {"A_TOKEN": "abcdef", "B_SECRET": "abcdefgh"}, "[secret] [secret]"),
        ("at https://me:hunter2@gitlab.example.com/a", {}, "at https://[secret]@gitlab.example.com/a"),
        ("main and x", {"CI_COMMIT_BRANCH": "main", "MY_PASSWORD": "x"}, "main and x"),
        ("AKIA123456", {"AWS_SECRET_ACCESS_KEY": "wholesecret", "AWS_REGION": "AKIA123456"}, "AKIA123456"),
    ],
)
def test_values_of_secret_variables_and_logins_in_addresses(
    text: str, environment: dict[str, str], told: str
) -> None:
    assert masked(text, environment) == told
