"""Policies for replication into an ECR registry, and for repositories that ECR creates from templates."""

from collections.abc import Iterable, Iterator, Sequence

from pulumi_gitlab_runner.iam.policy import Statement, allow, policy_document
from pulumi_gitlab_runner.iam.quotas import REGISTRY_POLICY
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.ecr_settings import ReplicaSource
from pulumi_gitlab_runner.spec.ecr_settings.creation_template import ROOT
from pulumi_gitlab_runner.spec.inputs import Value


def registry_policy(sources: Sequence[ReplicaSource], environment: AwsEnvironment) -> str:
    """The registry permissions policy that allows other accounts to replicate images into the registry.

    Accounts with the same prefixes share a statement if the policy is too large otherwise.

    Source: docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-create-replication.html.

    Args:
        sources: the accounts, and the prefixes of the repositories that they may replicate.
        environment: the AWS environment of the registry.
    """
    document = _replication_policy([((source.account,), source.prefixes) for source in sources], environment)
    if REGISTRY_POLICY.size(document) <= REGISTRY_POLICY.characters:
        return document
    accounts: dict[tuple[str, ...], list[Value[str]]] = {}
    for source in sources:
        accounts.setdefault(source.prefixes, []).append(source.account)
    return _replication_policy([(each, prefixes) for prefixes, each in accounts.items()], environment)


def _replication_policy(
    sources: Iterable[tuple[Sequence[Value[str]], Sequence[str]]], environment: AwsEnvironment
) -> str:
    """A policy with a statement for the accounts and the prefixes of each source."""
    statements = []
    for number, (accounts, prefixes) in enumerate(sources, 1):
        principals = [f"arn:{environment.partition}:iam::{account}:root" for account in accounts]
        statement = allow(
            f"ReplicateFrom{number}",
            ["ecr:CreateRepository", "ecr:ReplicateImage"],
            [_repositories(prefix, environment) for prefix in prefixes or ("",)],
        )
        principal = principals[0] if len(principals) == 1 else sorted({*principals})
        statements.append({**statement, "Principal": {"AWS": principal}})
    return policy_document(statements)


def creation_role_policy(
    prefixes: Iterable[str], kms_keys: Sequence[str], environment: AwsEnvironment
) -> str:
    """The policy of the role that ECR assumes to create repositories with tags or a customer managed key.

    Source: docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-custom.html; the
    condition is the one in the policy of the AWS managed key for ECR.

    Args:
        prefixes: the prefixes of the repository names.
        kms_keys: the ARNs of the KMS keys.
        environment: the AWS environment of the registry.
    """
    return policy_document(_creation_statements(prefixes, kms_keys, environment))


def _creation_statements(
    prefixes: Iterable[str], kms_keys: Sequence[str], environment: AwsEnvironment
) -> Iterator[Statement]:
    yield allow(
        "CreateRepositories",
        ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"],
        [_repositories("" if prefix == ROOT else f"{prefix}/", environment) for prefix in prefixes],
    )
    if kms_keys:
        yield allow(
            "EncryptRepositories",
            ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
            sorted(set(kms_keys)),
            {"StringEquals": {"kms:ViaService": f"ecr.{environment.region}.amazonaws.com"}},
        )


def _repositories(prefix: str, environment: AwsEnvironment) -> str:
    return environment.arn("ecr", f"repository/{prefix}*")
