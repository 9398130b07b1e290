"""What it takes to read and write the cache of a runner, and no other's."""

import json
from collections.abc import Iterator, Sequence

from pulumi_gitlab_runner.iam.policy import Statement, allow


def cache_statements(
    bucket_arn: str, prefixes: Sequence[str], *, region: str, key_arn: str | None
) -> Iterator[Statement]:
    """Statements for the manager of runners with a cache: it signs the addresses that jobs use.

    Args:
        bucket_arn: the bucket of the cache.
        prefixes: below which objects lie.
        region: the bucket's.
        key_arn: the key that encrypts it; None for S3's own.
    """
    objects = [f"{bucket_arn}/{prefix}/*" for prefix in prefixes]
    yield allow("CacheObjects", ["s3:GetObject", "s3:PutObject"], objects)
    # Else S3 says "forbidden", not "not found", of what is not cached yet; a condition on the prefix would
    # not hold there: docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, permissions.
    yield allow("CacheMisses", ["s3:ListBucket"], [bucket_arn])
    if key_arn:
        conditions = {"StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"}}
        yield allow("CacheKey", ["kms:Decrypt", "kms:GenerateDataKey"], [key_arn], conditions)


def tls_only_policy(bucket_arn: str) -> str:
    """The policy of a bucket that refuses requests without TLS.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html.
    """
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)
