"""What the runner hosts of a stack read from: their files, and the key of their secrets."""

from collections.abc import Iterator
from typing import NotRequired

import pulumi
import pulumi_aws as aws
from typing_extensions import TypedDict

from pulumi_gitlab_runner.aws.closed_bucket import closed_bucket
from pulumi_gitlab_runner.aws.reserved_names import check_project
from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.component import Component
from pulumi_gitlab_runner.resolution import refused_as_whole, with_handles
from pulumi_gitlab_runner.spec.aws_tags import AwsTags, build_tags, tags_problems
from pulumi_gitlab_runner.spec.inputs import Input, strict
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.shape import checked


@strict
class HostStoreArgs(TypedDict):
    """What a host store may be given."""

    tags: NotRequired[dict[str, Input[str]]]
    """Tags of the bucket and the key. Default: none."""


class HostStore(Component[AwsTags]):
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
        with refused_as_whole():
            read = checked(with_handles(args, name), HostStoreArgs, name, _problems)
        self._make(name, build_tags(read.get("tags", {})), opts)

    def _make(self, name: str, model: AwsTags, opts: pulumi.ResourceOptions | None) -> None:
        pulumi.ComponentResource.__init__(self, "gitlab-runner:index:HostStore", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        check_project()
        stack = f"{pulumi.get_project()}/{pulumi.get_stack()}"
        key = aws.kms.Key(
            name,
            description=f"Runner tokens and registry passwords of {stack}",
            enable_key_rotation=True,
            deletion_window_in_days=7,
            tags=tag_inputs(model),
            opts=child,
        )
        aws.kms.Alias(
            name,
            name=f"alias/{stack}/{name}".replace(".", "-"),
            target_key_id=key.key_id,
            opts=child,
        )
        # Every `pulumi up` writes the hosts' files anew, so nothing is lost with them.
        bucket = closed_bucket(name, model, self)
        versioning = aws.s3.BucketVersioning(
            name, bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=child
        )
        # By way of the versioning, so that no file is written before it is on.
        self.bucket = versioning.bucket
        self.key_arn = key.arn
        self.register_outputs({"bucket": self.bucket, "keyArn": self.key_arn})


def _problems(declaration: HostStoreArgs, path: str) -> Iterator[Problem]:
    return tags_problems(declaration.get("tags", {}), join_path(path, "tags"), of_instances=False)
