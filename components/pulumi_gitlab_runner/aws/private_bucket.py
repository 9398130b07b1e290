"""An S3 bucket without public access."""

from collections.abc import Callable

import pulumi
import pulumi_aws as aws

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
    """An S3 bucket with public access blocked, TLS required, and a lifecycle rule for its objects.

    `pulumi destroy` deletes the bucket with all its objects.

    Args:
        name: the name of the bucket's resource and of those that configure it.
        expiry: the lifecycle rule; incomplete multipart uploads are always aborted after one day.
        tags: the tags of the bucket.
        partition: the partition of the bucket's region.
        parent: the parent of the resources.
        policy: returns the bucket policy for the bucket's ARN. Default: a policy that requires TLS.
    """
    child = pulumi.ResourceOptions(parent=parent)
    bucket = aws.s3.Bucket(name, force_destroy=True, tags=tag_inputs(tags), opts=child)
    arn = pulumi.Output.concat("arn:", partition, ":s3:::", bucket.bucket)
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
        # S3 refuses concurrent changes of the policy and the public access block.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[block]),
    )
    return bucket
