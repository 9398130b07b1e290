"""The AWS account and region of a stack, and the ARNs of KMS keys."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.inputs import Input, strict
from pulumi_gitlab_runner.spec.problems import Problem
from pulumi_gitlab_runner.spec.regions import arn_problems

KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+")

_PARTITIONS = {
    "cn-": "aws-cn",
    "eusc-": "aws-eusc",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
}
"""The partitions other than `aws`, by the prefix of their regions: botocore, data/partitions.json."""
_DNS_SUFFIXES = {
    "aws-cn": "amazonaws.com.cn",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
}


@strict
class AwsEnvironmentArgs(TypedDict):
    """An AWS account and region."""

    account: Input[str]
    """The account ID, 12 digits."""
    region: Input[str]
    """The region, such as `eu-west-1`."""
    partition: Input[str]
    """The partition, such as `aws`, `aws-cn`, `aws-us-gov` or `aws-eusc`."""


@dataclass(frozen=True)
class AwsEnvironment:
    """An AWS account and region, with the partition, which ARNs and host names depend on.

    Attributes:
        account: the account ID, 12 digits.
        region: the region, such as ``eu-west-1``.
        partition: the partition, such as ``aws``, ``aws-cn``, ``aws-us-gov`` or ``aws-eusc``.
    """

    account: str
    region: str
    partition: str = "aws"

    @property
    def dns_suffix(self) -> str:
        """The domain of AWS's endpoints in this partition."""
        return _DNS_SUFFIXES.get(self.partition, "amazonaws.com")

    @property
    def ecr_host(self) -> str:
        """The host of the account's ECR registry in the region."""
        return f"{self.account}.dkr.ecr.{self.region}.{self.dns_suffix}"

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of the account in the region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


NOWHERE = AwsEnvironment("", "")
"""The environment of what does not depend on AWS, such as the host of a registry with a fixed password."""


def partition_of(region: str) -> str:
    """The partition that a region belongs to."""
    for prefix, partition in _PARTITIONS.items():
        if region.startswith(prefix):
            return partition
    return "aws"


def kms_key_problems(arn: str, path: str) -> Iterator[Problem]:
    """The problems of the ARN of a KMS key."""
    return arn_problems(arn, path, KEY_ARN, "the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID")
