"""Permissions to pull images from Amazon ECR.

The actions are those of the managed policy AmazonEC2ContainerRegistryPullOnly without
`ecr:BatchImportUpstreamImage`, and `ecr:BatchCheckLayerAvailability`, which AWS lists for pulls in
docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html.
"""

import json
import re
from collections.abc import Iterator, Sequence

from pulumi_gitlab_runner.iam.policy import Statement, allow

PULL_ACTIONS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
IMPORT_ACTIONS = ("ecr:BatchImportUpstreamImage", "ecr:CreateRepository")
"""The additional actions of a pull through a cache, if ECR does not have the image or the repository yet:
docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html."""

DESCRIBE_ACTIONS = ("ecr:DescribeImages", "ecr:DescribeRepositories")
"""The actions to look up the digest of a tag: the calls of the official provider's `getImage`
(internal/service/ecr/image_data_source.go)."""


def pull_statements(repository_arns: Sequence[str], cached_arns: Sequence[str]) -> Iterator[Statement]:
    """The statements that allow a role to pull from exactly these repositories; none without repositories.

    Args:
        repository_arns: the ARNs of the repositories.
        cached_arns: the ARNs, or patterns of ARNs, of the repositories of pull-through caches.
    """
    if repository_arns or cached_arns:
        yield token_statement()
        yield allow("EcrPull", PULL_ACTIONS, [*repository_arns, *cached_arns])
    if cached_arns:
        yield allow("EcrPullThrough", IMPORT_ACTIONS, cached_arns)


def token_statement() -> Statement:
    """The permission to log in to ECR, which supports no resource; the token has the role's permissions."""
    return allow("EcrToken", ["ecr:GetAuthorizationToken"], ["*"])


def public_gallery_statement() -> Statement:
    """The permission to log in to `public.ecr.aws`; neither action supports resource-level permissions.

    Source: docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html.
    """
    return allow("EcrPublicToken", ["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"], ["*"])


def pull_by_accounts_policy(accounts: Sequence[str], partition: str) -> str:
    """The repository policy that allows other accounts to pull from the repository.

    Args:
        accounts: the account ids, of 12 digits.
        partition: the partition, such as ``aws``.
    """
    principals = [f"arn:{partition}:iam::{account}:root" for account in accounts]
    return _document([_granted("PullByOtherAccounts", principals, PULL_ACTIONS)])


def owner_policy(role_arns: Sequence[str]) -> str:
    """The repository policy that the owner of a repository sets for roles of another account.

    The roles may pull. Every principal that the other account allows may describe images, because Pulumi
    looks up digests.

    Args:
        role_arns: the roles' ARNs, of one account.
    """
    roots = _roots(role_arns)
    return _document(
        [
            _granted("DigestsForPulumi", roots, DESCRIBE_ACTIONS),
            _granted("PullByRunnerManagers", roots, PULL_ACTIONS, role_arns),
        ]
    )


def owner_registry_policy(role_arns: Sequence[str], cached_arns: Sequence[str]) -> str:
    """The registry permissions policy that the owner of pull-through caches sets for another account's roles.

    Source: docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-create-pullthroughcache.html.

    Args:
        role_arns: the roles' ARNs, of one account.
        cached_arns: the ARNs, or patterns of ARNs, of the cached repositories.
    """
    granted = _granted("ImportByRunnerManagers", _roots(role_arns), IMPORT_ACTIONS, role_arns)
    return _document([{**granted, "Resource": sorted(cached_arns)}])


def _document(statements: Sequence[Statement]) -> str:
    """An ECR policy without white space, which counts towards the quota: see `quotas.REPOSITORY_POLICY`."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, separators=(",", ":"))


def _roots(role_arns: Sequence[str]) -> list[str]:
    return sorted({re.sub(r":role/.*", ":root", arn) for arn in role_arns})


def _granted(
    sid: str, principals: Sequence[str], actions: Sequence[str], role_arns: Sequence[str] = ()
) -> Statement:
    """A statement of a repository policy. It has no `Resource`, which ECR refuses.

    The principal is the account, and the roles are a condition. IAM stores a role principal as its unique ID,
    so the statement would stop working once the role is replaced:
    docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html.

    Args:
        sid: the purpose of the statement.
        principals: the ARNs of the principals, usually accounts.
        actions: the actions, such as ``ecr:BatchGetImage``.
        role_arns: the ARNs of the roles in these accounts; if empty, all principals that the accounts allow.
    """
    statement: dict[str, object] = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": sorted(principals)},
        "Action": sorted(actions),
    }
    if role_arns:
        patterns = sorted({pattern for arn in role_arns for pattern in stable_role_patterns(arn)})
        statement["Condition"] = {"ArnLike": {"aws:PrincipalArn": patterns}}
    return statement


def stable_role_patterns(role_arn: str) -> list[str]:
    """The patterns that match a role's ARN and those of its replacements: with any path and any digits.

    Args:
        role_arn: the ARN of a role; the seven digits of a Pulumi name ``NAME-1234567`` become wildcards.
    """
    account, _, role = role_arn.partition(":role/")
    name = re.sub(r"-[0-9a-f]{7}$", "-???????", role.rpartition("/")[2])
    return [f"{account}:role/{name}", f"{account}:role/*/{name}"]
