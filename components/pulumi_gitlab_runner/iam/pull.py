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
"""The further actions of a pull through a cache, when ECR does not have the image or the repository yet:
docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html."""

DESCRIBE_ACTIONS = ("ecr:DescribeImages", "ecr:DescribeRepositories")
"""The actions to look up the digest of a tag: the calls of the official provider's `getImage`
(internal/service/ecr/image_data_source.go)."""


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
    """The permission to log in to ECR, without a resource; the token has the role's permissions."""
    return allow("EcrToken", ["ecr:GetAuthorizationToken"], ["*"])


def public_gallery_statement() -> Statement:
    """The permission to log in to `public.ecr.aws`; neither action has a resource.

    Source: docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html.
    """
    return allow("EcrPublicToken", ["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"], ["*"])


def pull_by_accounts_policy(accounts: Sequence[str], partition: str) -> str:
    """The policy of a repository that lets other accounts pull from it.

    Args:
        accounts: 12 digits each.
        partition: such as ``aws``.
    """
    principals = [f"arn:{partition}:iam::{account}:root" for account in accounts]
    return _document([_granted("PullByOtherAccounts", principals, PULL_ACTIONS)])


def owner_policy(role_arns: Sequence[str]) -> str:
    """The policy that the owner of a repository attaches to it, for roles of another account.

    The roles may pull. Everyone whom that account allows may list images: Pulumi looks up digests.

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
        cached_arns: the cached repositories, or patterns of those.
    """
    granted = _granted("ImportByRunnerManagers", _roots(role_arns), IMPORT_ACTIONS, role_arns)
    return _document([{**granted, "Resource": sorted(cached_arns)}])


def _document(statements: Sequence[Statement]) -> str:
    """An ECR policy without white space, which counts: see `quotas.REPOSITORY_POLICY`."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, separators=(",", ":"))


def _roots(role_arns: Sequence[str]) -> list[str]:
    return sorted({re.sub(r":role/.*", ":root", arn) for arn in role_arns})


def _granted(
    sid: str, principals: Sequence[str], actions: Sequence[str], role_arns: Sequence[str] = ()
) -> Statement:
    """A statement of a repository's policy. It has no resource: ECR refuses one that has.

    The principal is the account, and the roles are a condition. IAM stores a role among the principals as its
    unique ID, so the statement would stop working once the role is replaced:
    docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html.

    Args:
        sid: the purpose of the statement.
        principals: ARNs of accounts or others.
        actions: such as ``ecr:BatchGetImage``.
        role_arns: the roles of these accounts that it is for; none for everyone whom the accounts allow.
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
    """Patterns of a role's ARN that those of its replacements match too: of any path, with any digits.

    Args:
        role_arn: of a role that Pulumi named, ``NAME-`` and seven digits; another name stays as it is.
    """
    account, _, role = role_arn.partition(":role/")
    name = re.sub(r"-[0-9a-f]{7}$", "-???????", role.rpartition("/")[2])
    return [f"{account}:role/{name}", f"{account}:role/*/{name}"]
