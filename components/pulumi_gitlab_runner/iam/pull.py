"""What it takes to pull images from Amazon ECR.

The actions are those of the managed policy AmazonEC2ContainerRegistryPullOnly without
`ecr:BatchImportUpstreamImage`, and `ecr:BatchCheckLayerAvailability`, which AWS lists for pulls in
docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html.
"""

import json
from collections.abc import Sequence

from pulumi_gitlab_runner.iam.policy import Statement, allow

PULL_ACTIONS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def pull_statements(repository_arns: Sequence[str]) -> list[Statement]:
    """Statements that let a role pull from exactly these repositories; none for none."""
    if not repository_arns:
        return []
    return [
        # The one action without a resource: the token has the caller's own rights.
        allow("EcrToken", ["ecr:GetAuthorizationToken"], ["*"]),
        allow("EcrPull", PULL_ACTIONS, repository_arns),
    ]


def pull_by_accounts_policy(accounts: Sequence[str], partition: str) -> str:
    """The policy of a repository that lets other accounts pull from it.

    A repository's policy names no resource: ECR refuses one that does.

    Args:
        accounts: 12 digits each.
        partition: such as ``aws``.
    """
    statement = {
        "Sid": "PullByOtherAccounts",
        "Effect": "Allow",
        "Principal": {"AWS": sorted(f"arn:{partition}:iam::{account}:root" for account in accounts)},
        "Action": sorted(PULL_ACTIONS),
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)
