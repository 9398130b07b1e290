"""Permissions to read and write the cache of a runner, and no other."""

from collections.abc import Iterator, Sequence

from pulumi_gitlab_runner.iam.policy import Statement, allow
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment


def cache_statements(
    bucket: str, prefixes: Sequence[str], key_arn: str | None, environment: AwsEnvironment
) -> Iterator[Statement]:
    """Statements for the manager of runners with a cache: it signs the URLs that jobs use.

    Args:
        bucket: the name of the cache's bucket.
        prefixes: of the objects.
        key_arn: the key that encrypts it; None for S3's own.
        environment: the bucket's.
    """
    bucket_arn = f"arn:{environment.partition}:s3:::{bucket}"
    objects = [f"{bucket_arn}/{prefix}/*" for prefix in prefixes]
    yield allow("CacheObjects", ["s3:GetObject", "s3:PutObject"], objects)
    # Without it S3 answers "forbidden", not "not found", for a missing object; a condition on prefixes would
    # not hold there: docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, permissions.
    yield allow("CacheMisses", ["s3:ListBucket"], [bucket_arn])
    if key_arn:
        conditions = {"StringEquals": {"kms:ViaService": f"s3.{environment.region}.amazonaws.com"}}
        yield allow("CacheKey", ["kms:Decrypt", "kms:GenerateDataKey"], [key_arn], conditions)
