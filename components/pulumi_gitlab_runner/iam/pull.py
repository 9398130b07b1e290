"""What it takes to pull images from Amazon ECR.

The actions are those of the managed policy AmazonEC2ContainerRegistryPullOnly without
`ecr:BatchImportUpstreamImage`, and `ecr:BatchCheckLayerAvailability`, which AWS lists for pulls in
docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html.
"""

import json
from collections.abc import Iterator, Sequence

from pulumi_gitlab_runner.iam.policy import Statement, allow

PULL_ACTIONS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
IMPORT_ACTIONS = ("ecr:BatchImportUpstreamImage", "ecr:CreateRepository")
"""What a pull through a cache takes besides, when ECR does not hold the image or the repository yet:
docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html."""


def pull_statements(repository_arns: Sequence[str], cached_arns: Sequence[str]) -> Iterator[Statement]:
    """Statements that let a role pull from exactly these repositories; none for none.

    Args:
        repository_arns: the repositories.
        cached_arns: those, or patterns of those, that are pulled through a cache.
    """
    if repository_arns or cached_arns:
        yield token_statement()
        yield allow("EcrPull", PULL_ACTIONS, [*repository_arns, *cached_arns])
    if cached_arns:
        yield allow("EcrPullThrough", IMPORT_ACTIONS, cached_arns)


def token_statement() -> Statement:
    """What lets a role log in to ECR: an action without a resource, whose token has the role's own rights."""
    return allow("EcrToken", ["ecr:GetAuthorizationToken"], ["*"])


def public_gallery_statement() -> Statement:
    """What lets a role log in to `public.ecr.aws`; neither action has a resource.

    Source: docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html.
    """
    return allow("EcrPublicToken", ["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"], ["*"])


def pull_by_accounts_policy(accounts: Sequence[str], partition: str) -> str:
    """The policy of a repository that lets other accounts pull from it.

    Args:
        accounts: 12 digits each.
        partition: such as ``aws``.
    """
    return _pull_policy(
        "PullByOtherAccounts", [f"arn:{partition}:iam::{account}:root" for account in accounts]
    )


def pull_by_roles_policy(role_arns: Sequence[str]) -> str:
    """The policy of a repository that lets roles of another account pull from it.

    Args:
        role_arns: the roles' ARNs.
    """
    return _pull_policy("PullByRunnerManagers", role_arns)


def _pull_policy(sid: str, principals: Sequence[str]) -> str:
    """A repository's policy. It names no resource: ECR refuses one that does."""
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": sorted(principals)},
        "Action": sorted(PULL_ACTIONS),
    }
    # Without white space, which counts here: see `quotas.REPOSITORY_POLICY`.
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
