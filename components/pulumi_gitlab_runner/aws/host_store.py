"""What the runner hosts of a stack read from: their files, and the key of their secrets."""

import pulumi
import pulumi_aws as aws
from typing_extensions import TypedDict

from pulumi_gitlab_runner.aws.closed_bucket import closed_bucket
from pulumi_gitlab_runner.declared import told_once
from pulumi_gitlab_runner.spec.shape import check_keys


class HostStoreArgs(TypedDict):
    """A host store needs no arguments."""


class HostStore(pulumi.ComponentResource):
    """The bucket that runner hosts fetch their files from, and the key that encrypts their parameters.

    The key is a customer-managed one: parameters under AWS's own key can be decrypted by every principal
    of the account that may read them. The bucket keeps earlier versions of the files, and no secret.

    Creates:

    - `aws:kms/key:Key` and `aws:kms/alias:Alias`
    - `aws:s3/bucket:Bucket`, `aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock` and
      `aws:s3/bucketVersioning:BucketVersioning`
    """

    bucket: pulumi.Output[str]
    """The bucket's name."""
    key_arn: pulumi.Output[str]
    """The key's ARN."""

    def __init__(self, name: str, args: HostStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        with told_once():
            check_keys(args, HostStoreArgs, name)
        super().__init__("gitlab-runner:index:HostStore", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        stack = f"{pulumi.get_project()}/{pulumi.get_stack()}"
        key = aws.kms.Key(
            name,
            description=f"Runner tokens and registry passwords of {stack}",
            enable_key_rotation=True,
            deletion_window_in_days=7,
            opts=child,
        )
        aws.kms.Alias(
            name,
            name=f"alias/{stack}/{name}".replace(".", "-"),
            target_key_id=key.key_id,
            opts=child,
        )
        # Every `pulumi up` writes the hosts' files anew, so nothing is lost with them.
        bucket = closed_bucket(name, self)
        versioning = aws.s3.BucketVersioning(
            name, bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=child
        )
        # By way of the versioning, so that no file is written before it is on.
        self.bucket = versioning.bucket
        self.key_arn = key.arn
        self.register_outputs({"bucket": self.bucket, "keyArn": self.key_arn})
