"""Messages have none of a job's secrets."""

import pytest
from pulumi_gitlab_runner.review.masking import masked


@pytest.mark.parametrize(
    ("text", "environment", "expected"),
    [
        ("refused: hunter2hunter2", {"GITLAB_TOKEN": "hunter2hunter2"}, "refused: [secret]"),
        ("abcdef abcdefgh", {"A_TOKEN": "abcdef", "B_SECRET": "abcdefgh"}, "[secret] [secret]"),
        ("at https://me:hunter2@gitlab.example.com/a", {}, "at https://[secret]@gitlab.example.com/a"),
        ("main and x", {"CI_COMMIT_BRANCH": "main", "MY_PASSWORD": "x"}, "main and x"),
        ("refused: hunter2hunter2", {"npm_token": "hunter2hunter2"}, "refused: [secret]"),
        ("line 2: MIIEvQIBADANBgkq", {"SSH_KEY": "---\nMIIEvQIBADANBgkq\n---\n"}, "line 2: [secret]"),
        ("line 1: --- 15 long", {"SSH_KEY": "--- 15 long\nabc"}, "line 1: --- 15 long"),
        ("AKIA123456", {"AWS_SECRET_ACCESS_KEY": "wholesecret", "AWS_REGION": "AKIA123456"}, "AKIA123456"),
    ],
)
def test_secret_variables_and_credentials_in_urls_are_masked(
    text: str, environment: dict[str, str], expected: str
) -> None:
    assert masked(text, environment) == expected
