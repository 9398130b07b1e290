"""The `[runners.cache]` section of a runner whose stack has a cache."""

from pulumi_gitlab_runner.config.cache import CacheConfig


def cache_config(bucket: str, prefix: str, region: str) -> CacheConfig:
    """A cache in S3, read and written with the role of the manager's host.

    Jobs get no credentials, also not those of a fleet: the manager signs an address for each archive.

    Args:
        bucket: the bucket's name.
        prefix: below which the runner's objects lie.
        region: the bucket's.
    """
    return {
        "type": "s3",
        "path": prefix,
        # Else the runner puts part of its token into the path too, and finds nothing again under a new one.
        # It is the prefix that keeps runners apart.
        "shared": True,
        "s3": {"bucket_name": bucket, "bucket_location": region, "authentication_type": "iam"},
    }
