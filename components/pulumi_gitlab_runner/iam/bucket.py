"""The policy of an S3 bucket."""

from collections.abc import Iterable

from pulumi_gitlab_runner.iam.policy import Statement, policy_document


def bucket_policy(bucket_arn: str, further: Iterable[Statement] = ()) -> str:
    """The policy of an S3 bucket that denies requests without TLS.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html.

    Args:
        bucket_arn: the ARN of the bucket.
        further: additional statements.
    """
    tls_only = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return policy_document([tls_only, *further])
