"""Permissions to read and write the cache of a manager's runners."""

from collections.abc import Iterator, Sequence

from pulumi_gitlab_runner.iam.policy import Statement, allow
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment


def cache_statements(
    bucket: str, prefixes: Sequence[str], key_arn: str | None, environment: AwsEnvironment
) -> Iterator[Statement]:
    """The statements for the manager of runners with a cache, which signs the URLs that jobs use.

    Args:
        bucket: the name of the cache's bucket.
        prefixes: the prefixes of the objects.
        key_arn: the ARN of the KMS key that encrypts it; None for the key of Amazon S3.
        environment: the AWS environment of the bucket.
    """
    bucket_arn = f"arn:{environment.partition}:s3:::{bucket}"
    objects = [f"{bucket_arn}/{prefix}/*" for prefix in prefixes]
    yield allow("CacheObjects", ["s3:GetObject", "s3:PutObject"], objects)
    # Without it, S3 returns 403 and not 404 for a missing object. A condition on prefixes would not match
    # such a request: docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, permissions.
    yield allow("CacheMisses", ["s3:ListBucket"], [bucket_arn])
    if key_arn:
        conditions = {"StringEquals": {"kms:ViaService": f"s3.{environment.region}.amazonaws.com"}}
        yield allow("CacheKey", ["kms:Decrypt", "kms:GenerateDataKey"], [key_arn], conditions)
