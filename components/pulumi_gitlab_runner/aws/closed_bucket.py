"""A bucket that nobody can open to the public."""

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.spec.aws_tags import AwsTags


def closed_bucket(name: str, tags: AwsTags, parent: pulumi.Resource) -> aws.s3.Bucket:
    """A bucket with public access blocked, which is removed with what it holds.

    Args:
        name: of the bucket and of its block.
        tags: of the bucket.
        parent: the component that they belong to.
    """
    child = pulumi.ResourceOptions(parent=parent)
    bucket = aws.s3.Bucket(name, force_destroy=True, tags=tag_inputs(tags), opts=child)
    aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child,
    )
    return bucket
