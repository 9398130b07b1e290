"""A bucket without public access."""

from collections.abc import Callable

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.arns import bucket_arn
from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.iam.bucket import bucket_policy
from pulumi_gitlab_runner.spec.aws_tags import AwsTags


def private_bucket(
    name: str,
    expiry: aws.s3.BucketLifecycleConfigurationRuleArgsDict,
    tags: AwsTags,
    partition: pulumi.Input[str],
    parent: pulumi.Resource,
    policy: Callable[[pulumi.Output[str]], pulumi.Input[str]] | None = None,
) -> aws.s3.Bucket:
    """A bucket with public access blocked, TLS required, and a lifecycle rule for its objects.

    It is removed with what it holds.

    Args:
        name: of the bucket, and of what is configured on it.
        expiry: what of it is deleted, and when; parts of uploads that were never completed always are.
        tags: of the bucket.
        partition: where it is.
        parent: the component that they belong to.
        policy: makes its policy, of its ARN. Default: TLS alone.
    """
    child = pulumi.ResourceOptions(parent=parent)
    bucket = aws.s3.Bucket(name, force_destroy=True, tags=tag_inputs(tags), opts=child)
    arn = bucket_arn(bucket.bucket, partition)
    block = aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child,
    )
    aws.s3.BucketLifecycleConfiguration(
        name,
        bucket=bucket.bucket,
        rules=[{"abort_incomplete_multipart_upload": {"days_after_initiation": 1}, **expiry}],
        opts=child,
    )
    aws.s3.BucketPolicy(
        name,
        bucket=bucket.bucket,
        policy=policy(arn) if policy else arn.apply(bucket_policy),
        # S3 refuses two changes of who may use a bucket at the same time.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[block]),
    )
    return bucket
