"""The S3 bucket of the runners' cache."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NotRequired

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.private_bucket import private_bucket
from pulumi_gitlab_runner.component import Component
from pulumi_gitlab_runner.manager.environment import Environment
from pulumi_gitlab_runner.resolution import given, refused_as_whole, with_handles
from pulumi_gitlab_runner.spec.aws_tags import AwsTags, parse_tags, tags_problems
from pulumi_gitlab_runner.spec.cache import Cache, CacheDeclaration, cache_problems, parse_cache
from pulumi_gitlab_runner.spec.declared import declared
from pulumi_gitlab_runner.spec.inputs import Input
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.shape import checked


class RunnerCacheArgs(CacheDeclaration):
    """A cache, and its tags."""

    tags: NotRequired[dict[str, Input[str]]]
    """Tags of the bucket. Default: none."""


@dataclass(frozen=True)
class TaggedCache:
    """A cache, its tags and its AWS environment; None if not looked up yet."""

    cache: Cache
    tags: AwsTags = field(default_factory=dict)
    environment: Environment | None = None


class RunnerCache(Component[TaggedCache]):
    """The S3 bucket of the jobs' cache: encrypted, private, TLS only, with objects that expire.

    Runner managers read and write it with their roles, each runner below its prefix; with `shared`, all below
    one prefix. See `cache` and `cache_bucket` of `RunnerHost`.

    Creates:

    - `aws:s3/bucket:Bucket` and `aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock`
    - `aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration`
    - `aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration`
    - `aws:s3/bucketPolicy:BucketPolicy`

    Raises `pulumi.RunError` for a wrong declaration.
    """

    bucket: pulumi.Output[str]
    """The bucket's name."""

    def __init__(self, name: str, args: RunnerCacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        with refused_as_whole():
            read = checked(with_handles(args, name), RunnerCacheArgs, name, _problems)
        self._make(name, TaggedCache(parse_cache(read), parse_tags(read.get("tags", {}))), opts)

    def _make(self, name: str, model: TaggedCache, opts: pulumi.ResourceOptions | None) -> None:
        cache = model.cache
        self.register_component("RunnerCache", name, declared(model.cache), opts)
        # `private_bucket` deletes the bucket with its objects: jobs write them, and a cache can be lost.
        expiry: aws.s3.BucketLifecycleConfigurationRuleArgsDict = {
            "id": "expire",
            "status": "Enabled",
            "filter": {},
            "expiration": {"days": cache.expire_days},
        }
        bucket = private_bucket(name, expiry, model.tags, self._partition(model.environment), self)
        encryption = aws.s3.BucketServerSideEncryptionConfiguration(
            name, bucket=bucket.bucket, rules=[_encryption(cache)], opts=self._child
        )
        # Derived from the encryption, so that nothing is written before it is configured.
        self.bucket = encryption.bucket
        self.register_declared_outputs()

    def _partition(self, environment: Environment | None) -> pulumi.Output[str]:
        if environment is None:
            return aws.get_partition_output(opts=pulumi.InvokeOutputOptions(parent=self)).partition
        return environment.apply(lambda known: known.partition)


def _problems(declaration: RunnerCacheArgs, path: str) -> Iterator[Problem]:
    yield from cache_problems(declaration, path)
    yield from tags_problems(declaration.get("tags", {}), join_path(path, "tags"), of_instances=False)


def _encryption(cache: Cache) -> aws.s3.BucketServerSideEncryptionConfigurationRuleArgsDict:
    if cache.kms_key is None:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    return {
        "apply_server_side_encryption_by_default": {
            "sse_algorithm": "aws:kms",
            "kms_master_key_id": given(cache.kms_key),
        },
        # A key for the bucket, instead of a request to KMS for each object.
        "bucket_key_enabled": True,
    }
