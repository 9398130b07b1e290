"""The policy of a repository that other accounts may pull from."""

import json

from pulumi_gitlab_runner.iam.pull import pull_by_accounts_policy


def test_other_accounts_may_pull_and_nothing_else() -> None:
    assert json.loads(pull_by_accounts_policy(["333333333333", "210987654321"], "aws")) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "PullByOtherAccounts",
                "Effect": "Allow",
                "Principal": {
                    "AWS": ["arn:aws:iam::210987654321:root", "arn:aws:iam::333333333333:root"],
                },
                "Action": [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
            }
        ],
    }


def test_accounts_follow_the_partition() -> None:
    document = json.loads(pull_by_accounts_policy(["210987654321"], "aws-cn"))
    assert document["Statement"][0]["Principal"] == {"AWS": ["arn:aws-cn:iam::210987654321:root"]}


def test_the_order_of_accounts_does_not_change_the_policy() -> None:
    accounts = ["333333333333", "210987654321"]
    assert pull_by_accounts_policy(accounts, "aws") == pull_by_accounts_policy(accounts[::-1], "aws")
