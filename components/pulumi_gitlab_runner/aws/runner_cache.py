"""The cache of runners."""

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.closed_bucket import closed_bucket
from pulumi_gitlab_runner.declared import plain, told_once
from pulumi_gitlab_runner.iam.cache import tls_only_policy
from pulumi_gitlab_runner.spec.cache import Cache, CacheDeclaration, build_cache, cache_problems
from pulumi_gitlab_runner.spec.shape import checked


class RunnerCache(pulumi.ComponentResource):
    """A bucket for what jobs keep for later ones: encrypted, private, TLS only, and emptied by age.

    Runner managers read and write it with their roles, below prefixes of their own; with `shared`, below one.
    See `cache` and `cache_bucket` of `RunnerHost`.

    Creates:

    - `aws:s3/bucket:Bucket` and `aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock`
    - `aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration`
    - `aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration`
    - `aws:s3/bucketPolicy:BucketPolicy`

    Raises `pulumi.RunError` for a cache that is wrongly declared.
    """

    bucket: pulumi.Output[str]
    """The bucket's name."""

    def __init__(self, name: str, args: CacheDeclaration, opts: pulumi.ResourceOptions | None = None) -> None:
        with told_once():
            cache = build_cache(checked(plain(args), CacheDeclaration, name, cache_problems))
        super().__init__("gitlab-runner:index:RunnerCache", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        # Jobs fill it, so it could never be removed otherwise; and a cache can be lost without harm.
        bucket = closed_bucket(name, self)
        encryption = aws.s3.BucketServerSideEncryptionConfiguration(
            name, bucket=bucket.bucket, rules=[_encryption(cache)], opts=child
        )
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[
                {
                    "id": "expire",
                    "status": "Enabled",
                    "filter": {},
                    "expiration": {"days": cache.expire_days},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
                }
            ],
            opts=child,
        )
        aws.s3.BucketPolicy(name, bucket=bucket.bucket, policy=bucket.arn.apply(tls_only_policy), opts=child)
        # By way of the encryption, so that nothing is written before it is on.
        self.bucket = encryption.bucket
        self.register_outputs({"bucket": self.bucket})


def _encryption(cache: Cache) -> aws.s3.BucketServerSideEncryptionConfigurationRuleArgsDict:
    if cache.kms_key is None:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    return {
        "apply_server_side_encryption_by_default": {
            "sse_algorithm": "aws:kms",
            "kms_master_key_id": cache.kms_key,
        },
        # One key for the bucket, instead of one request to KMS for each object.
        "bucket_key_enabled": True,
    }
