"""The policies of the bucket that hosts read from, and of a stack's key."""

from collections.abc import Iterator, Sequence
from typing import Any

from pulumi_gitlab_runner.iam.policy import Statement, policy_document
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.aws_tags import HOST_TAG

_READ = ["s3:GetObject*"]
_WRITE = ["s3:DeleteObject*", "s3:PutObject*"]


def store_statements(
    bucket_arn: str, stack: str, operators: Sequence[str], environment: AwsEnvironment
) -> Iterator[Statement]:
    """Restrict the objects of a host store to the account, and to the stack's hosts and operators.

    Hosts run these files as root. With IAM alone, every role of the account that may write to all buckets
    could write them. A host is recognized by the tag of its role, which survives a replacement of the role:
    docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html. The bucket policy itself
    is left to IAM, so that it cannot lock everyone out permanently.

    Args:
        bucket_arn: the bucket.
        stack: `PROJECT/STACK`.
        operators: the ARNs of those who run Pulumi, with wildcards; without any, IAM alone decides within the
            account.
        environment: where the bucket is.
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
        yield _deny("OperatorsWrite", _WRITE, objects, others)
        yield _deny("OperatorsAndHostsRead", _READ, objects, {**others, **no_host})


def key_policy(stack: str, environment: AwsEnvironment) -> str:
    """The policy of a stack's key: IAM decides, as by default, and CloudWatch Logs may use it.

    Only for log groups of the stack. Sources:
    docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html; the service's name in each
    partition: aws/aws-cdk, region-info/lib/default.ts.

    Args:
        stack: `PROJECT/STACK`.
        environment: where the key is.
    """
    partition, region, account = environment.partition, environment.region, environment.account
    # Image Builder names its groups: docs.aws.amazon.com/imagebuilder/latest/userguide/monitor-cwlogs.html.
    built = f"/aws/imagebuilder/{stack.replace('/', '-').replace('.', '-').lower()}-*"
    log_groups = f"arn:{partition}:logs:{region}:{account}:log-group"
    groups = [f"{log_groups}:/{stack}/*", f"{log_groups}:{built}"]
    return policy_document(
        [
            {
                "Sid": "Account",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "Logs",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{region}.{environment.dns_suffix}"},
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
