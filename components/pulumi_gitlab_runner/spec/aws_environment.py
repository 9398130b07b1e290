"""The AWS account and region of a stack, and the parts of ARNs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.inputs import Input, strict
from pulumi_gitlab_runner.spec.problems import Problem

KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+")


@strict
class AwsEnvironmentArgs(TypedDict):
    """An AWS account and region."""

    account: Input[str]
    """The account ID, 12 digits."""
    region: Input[str]
    """The region, such as `eu-west-1`."""
    partition: Input[str]
    """The partition: `aws`, `aws-cn` or `aws-us-gov`."""


@dataclass(frozen=True)
class AwsEnvironment:
    """An AWS account and region, with the partition, which ARNs and host names depend on.

    Attributes:
        account: the account ID, 12 digits.
        region: the region, such as ``eu-west-1``.
        partition: the partition: ``aws``, ``aws-cn`` or ``aws-us-gov``.
    """

    account: str
    region: str
    partition: str = "aws"

    @property
    def dns_suffix(self) -> str:
        """The domain of AWS's endpoints in this partition."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"


def partition_of(region: str) -> str:
    """The partition that a region belongs to."""
    for prefix, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region.startswith(prefix):
            return partition
    return "aws"


def region_of(arn: str) -> str:
    """The region in an ARN, `arn:PARTITION:SERVICE:REGION:ACCOUNT:…`."""
    return arn.split(":")[3]


def kms_key_problems(arn: str, path: str) -> Iterator[Problem]:
    """The problems of the ARN of a KMS key."""
    if not KEY_ARN.fullmatch(arn):
        yield Problem(path, repr(arn), "the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID")
