"""The policies of a stack's host store: of its S3 bucket, and of its KMS key."""

from collections.abc import Iterator, Sequence
from typing import Any

from pulumi_gitlab_runner.iam.policy import Statement, policy_document
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.aws_tags import HOST_TAG

_READ = ["s3:GetObject*"]
_WRITE = ["s3:DeleteObject*", "s3:PutObject*"]
_REPLICATE = ["s3:Replicate*"]
"""The actions of a replication from another bucket, which writes and deletes objects too:
docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html."""


def store_statements(
    bucket_arn: str, stack: str, operators: Sequence[str], environment: AwsEnvironment
) -> Iterator[Statement]:
    """Restrict the objects of a host store to the account, and to the stack's hosts and operators.

    Hosts run these files as root. With identity-based policies alone, every role of the account that may
    write to all buckets could write them. A host is identified by a tag of its role, which a replacement of
    the role keeps: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html. Changes
    of the bucket policy itself are not denied, so that it cannot lock everyone out permanently.

    Args:
        bucket_arn: the ARN of the bucket.
        stack: the stack's mark, `PROJECT/STACK`.
        operators: the ARNs of the operators, with wildcards; if empty, only identity-based policies restrict
            the principals of the account.
        environment: the AWS environment of the bucket.
    """
    objects = f"{bucket_arn}/*"
    of_others = {
        "StringNotEquals": {"aws:PrincipalAccount": environment.account},
        "Bool": {"aws:PrincipalIsAWSService": "false"},
    }
    yield _deny("AccountAlone", [*_WRITE, *_READ], objects, of_others)
    if operators:
        others = {"ArnNotLike": {"aws:PrincipalArn": sorted({*operators})}}
        no_host = {"StringNotLike": {f"aws:PrincipalTag/{HOST_TAG}": f"/{stack}/*"}}
        yield _deny("OperatorsWrite", [*_WRITE, *_REPLICATE], objects, others)
        yield _deny("OperatorsAndHostsRead", _READ, objects, {**others, **no_host})


def key_policy(stack: str, environment: AwsEnvironment) -> str:
    """The policy of a stack's KMS key: IAM policies apply, as by default, and CloudWatch Logs may use it.

    CloudWatch Logs may use it only for log groups of the stack. Sources:
    docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html; for the service principal in
    each partition, aws/aws-cdk, region-info/lib/default.ts.

    Args:
        stack: the stack's mark, `PROJECT/STACK`.
        environment: the AWS environment of the key.
    """
    # Image Builder's log groups: docs.aws.amazon.com/imagebuilder/latest/userguide/monitor-cwlogs.html.
    built = f"/aws/imagebuilder/{stack.replace('/', '-').replace('.', '-').lower()}-*"
    groups = [environment.arn("logs", f"log-group:{each}") for each in (f"/{stack}/*", built)]
    return policy_document(
        [
            {
                "Sid": "Account",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{environment.partition}:iam::{environment.account}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "Logs",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{environment.region}.{environment.dns_suffix}"},
                "Action": [
                    "kms:Decrypt*",
                    "kms:Describe*",
                    "kms:Encrypt*",
                    "kms:GenerateDataKey*",
                    "kms:ReEncrypt*",
                ],
                "Resource": "*",
                "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
            },
        ]
    )


def _deny(sid: str, actions: list[str], resource: str, conditions: dict[str, Any]) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": actions,
        "Resource": resource,
        "Condition": conditions,
    }
