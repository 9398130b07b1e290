"""The bucket with the files of a stack's runner hosts, and the KMS key of their secrets."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NotRequired

import pulumi
import pulumi_aws as aws
from typing_extensions import TypedDict

from pulumi_gitlab_runner.aws.existing import unless_alias
from pulumi_gitlab_runner.aws.private_bucket import private_bucket
from pulumi_gitlab_runner.aws.reserved_names import check_project
from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.component import Component
from pulumi_gitlab_runner.existing import stack_mark
from pulumi_gitlab_runner.iam.bucket import bucket_policy
from pulumi_gitlab_runner.iam.host_store import key_policy, store_statements
from pulumi_gitlab_runner.manager.environment import Environment, declared_environment, environment_of
from pulumi_gitlab_runner.resolution import refused_as_whole, resolved, with_handles
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironmentArgs
from pulumi_gitlab_runner.spec.aws_tags import AwsTags, parse_tags, tags_problems
from pulumi_gitlab_runner.spec.inputs import Input, Value, strict, values
from pulumi_gitlab_runner.spec.problems import Problem, join_path
from pulumi_gitlab_runner.spec.roles import operators_problems
from pulumi_gitlab_runner.spec.shape import checked

_EARLIER_VERSIONS_DAYS = 30


@strict
class HostStoreArgs(TypedDict):
    """The arguments of a host store."""

    tags: NotRequired[dict[str, Input[str]]]
    """Tags of the bucket and the key. Default: none."""
    operators: NotRequired[list[Input[str]]]
    """The ARNs of the IAM roles and users that run Pulumi on this stack, with `*` for any text. Only they can
    then read and write hosts' files; the hosts can read them. Default: every principal of this account that
    has the IAM permissions."""
    environment: NotRequired[AwsEnvironmentArgs]
    """The AWS account and region. Default: those of the AWS provider."""


@dataclass(frozen=True)
class StoreModel:
    """A host store: its operators, tags and AWS environment; None if not looked up yet."""

    operators: tuple[Value[str], ...] = ()
    tags: AwsTags = field(default_factory=dict)
    environment: Environment | None = None


class HostStore(Component[StoreModel]):
    """The bucket with the files of runner hosts, and the KMS key that encrypts their parameters.

    The key is customer managed, because every principal of the account that can read parameters can decrypt
    those encrypted with the AWS managed key. CloudWatch Logs can use it for the log groups of this stack,
    `/PROJECT/STACK/…` and those of builds of machine images.

    The bucket contains no secret, but hosts run its files as root. It is private, accepts only TLS, and keeps
    earlier versions of the files for 30 days.

    Creates:

    - `aws:kms/key:Key` and `aws:kms/alias:Alias`
    - `aws:s3/bucket:Bucket`, `aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock`,
      `aws:s3/bucketPolicy:BucketPolicy`, `aws:s3/bucketVersioning:BucketVersioning` and
      `aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration`
    """

    bucket: pulumi.Output[str]
    """The bucket's name."""
    key_arn: pulumi.Output[str]
    """The key's ARN."""

    def __init__(self, name: str, args: HostStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        with refused_as_whole():
            read = checked(with_handles(args, name), HostStoreArgs, name, _problems)
        store = StoreModel(
            values(read.get("operators", ())),
            parse_tags(read.get("tags", {})),
            declared_environment(read.get("environment"), name),
        )
        self._make(name, store, opts)

    def _make(self, name: str, model: StoreModel, opts: pulumi.ResourceOptions | None) -> None:
        shown = {"operators": model.operators} if model.operators else {}
        self.register_component("HostStore", name, shown, opts)
        check_project()
        stack = stack_mark()
        environment = model.environment or environment_of(self)
        key = aws.kms.Key(
            name,
            description=f"Runner tokens and registry passwords of {stack}",
            enable_key_rotation=True,
            deletion_window_in_days=7,
            policy=environment.apply(lambda known: key_policy(stack, known)),
            tags=tag_inputs(model.tags),
            opts=self._child,
        )
        aws.kms.Alias(
            name,
            name=f"alias/{stack}/{name}".replace(".", "-"),
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self, hooks=unless_alias(name, self)),
        )
        # `pulumi up` can write the hosts' files again, so earlier versions need not be kept for longer.
        expiry: aws.s3.BucketLifecycleConfigurationRuleArgsDict = {
            "id": "earlier-versions",
            "status": "Enabled",
            "filter": {},
            "noncurrent_version_expiration": {"noncurrent_days": _EARLIER_VERSIONS_DAYS},
        }

        def policy(bucket_arn: pulumi.Output[str]) -> pulumi.Output[str]:
            return pulumi.Output.all(bucket_arn, resolved(model.operators), environment).apply(
                lambda known: bucket_policy(known[0], store_statements(known[0], stack, known[1], known[2]))
            )

        partition = environment.apply(lambda known: known.partition)
        bucket = private_bucket(name, expiry, model.tags, partition, self, policy)
        versioning = aws.s3.BucketVersioning(
            name, bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=self._child
        )
        # Derived from the versioning, so that no file is written before it is enabled.
        self.bucket = versioning.bucket
        self.key_arn = key.arn
        self.register_declared_outputs()


def _problems(declaration: HostStoreArgs, path: str) -> Iterator[Problem]:
    yield from operators_problems(declaration.get("operators"), join_path(path, "operators"))
    yield from tags_problems(declaration.get("tags", {}), join_path(path, "tags"), of_instances=False)
