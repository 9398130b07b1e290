"""AWS's partitions, regions and keys.

Source: docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html.
"""

from urllib.parse import urlsplit

import boto3
import pytest
from pulumi_gitlab_runner.spec.aws_environment import (
    AwsEnvironment,
    kms_key_problems,
    partition_of,
)
from pulumi_gitlab_runner.spec.regions import region_of


@pytest.mark.parametrize(
    ("region", "partition", "suffix"),
    [
        ("eu-west-1", "aws", "amazonaws.com"),
        ("us-east-1", "aws", "amazonaws.com"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
        ("us-gov-east-1", "aws-us-gov", "amazonaws.com"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
        ("ca-central-1", "aws", "amazonaws.com"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
        ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
        ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
    ],
)
def test_the_partition_of_a_region(region: str, partition: str, suffix: str) -> None:
    assert partition_of(region) == partition
    assert AwsEnvironment("123456789012", region, partition).dns_suffix == suffix


def test_each_region_has_the_partition_that_the_sdk_knows() -> None:
    session = boto3.Session()
    for partition in session.get_available_partitions():
        for region in session.get_available_regions("ec2", partition):
            assert partition_of(region) == partition
            host = urlsplit(session.client("ecr", region_name=region).meta.endpoint_url).hostname
            suffix = AwsEnvironment("123456789012", region, partition).dns_suffix
            assert host == f"api.ecr.{region}.{suffix}"


def test_the_default_partition_is_aws() -> None:
    assert AwsEnvironment("123456789012", "eu-west-1").partition == "aws"


def test_the_region_of_an_arn() -> None:
    assert region_of("arn:aws:ssm:eu-west-1:123456789012:parameter/a:b") == "eu-west-1"


@pytest.mark.parametrize(
    ("arn", "valid"),
    [
        ("arn:aws:kms:eu-west-1:123456789012:key/0a1b-2c", True),
        ("arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-0a", True),
        ("arn:aws:kms:eu-west-1:123456789012:alias/a", False),
        ("arn:aws:kms:eu-west-1:12345678901:key/0a", False),
        ("arn:aws:kms:eu-west-1:1234567890123:key/0a", False),
        ("0a1b", False),
    ],
)
def test_the_arn_of_a_key(arn: str, *, valid: bool) -> None:
    problems = [(each.path, each.found, each.allowed) for each in kms_key_problems(arn, "at")]
    allowed = "the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID"
    assert problems == ([] if valid else [("at", repr(arn), allowed)])
