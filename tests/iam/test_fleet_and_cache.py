"""The permissions of a manager for its own fleet and its own cache."""

import json

from pulumi_gitlab_runner.iam.bucket import bucket_policy
from pulumi_gitlab_runner.iam.cache import cache_statements
from pulumi_gitlab_runner.iam.fleet import fleet_statements
from pulumi_gitlab_runner.spec import AwsEnvironment

from tests.spec.declaration import ENVIRONMENT

GROUPS = "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup"
BUCKET = "arn:aws:s3:::ci-cache-0a1b2c3"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-1111-2222-333344445555"


def test_the_statements_for_a_fleet() -> None:
    assert list(fleet_statements("ci-prod-burst", "ec2-user", ENVIRONMENT)) == [
        {
            "Sid": "FleetSize",
            "Effect": "Allow",
            "Action": ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
            "Resource": [f"{GROUPS}:*:autoScalingGroupName/ci-prod-burst"],
        },
        {
            "Sid": "FleetInstances",
            "Effect": "Allow",
            "Action": [
                "autoscaling:DescribeAutoScalingGroups",
                "ec2:DescribeInstances",
                "ec2:DescribeSpotInstanceRequests",
            ],
            "Resource": ["*"],
            "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
        },
        {
            "Sid": "FleetLogin",
            "Effect": "Allow",
            "Action": ["ec2-instance-connect:SendSSHPublicKey"],
            "Resource": ["arn:aws:ec2:eu-west-1:123456789012:instance/*"],
            "Condition": {
                "StringEquals": {
                    "ec2:ResourceTag/aws:autoscaling:groupName": "ci-prod-burst",
                    "ec2:osuser": "ec2-user",
                }
            },
        },
    ]


def test_the_statements_for_a_fleet_in_another_partition() -> None:
    environment = AwsEnvironment("123456789012", "cn-north-1", "aws-cn")
    resources = [each["Resource"][0] for each in fleet_statements("burst", "ec2-user", environment)]
    assert [each.split(":")[1] for each in resources if each != "*"] == ["aws-cn", "aws-cn"]


def test_the_statements_for_a_cache() -> None:
    prefixes = ["runners/build", "runners/burst"]
    assert list(cache_statements("ci-cache-0a1b2c3", prefixes, None, ENVIRONMENT)) == [
        {
            "Sid": "CacheObjects",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": [f"{BUCKET}/runners/build/*", f"{BUCKET}/runners/burst/*"],
        },
        {"Sid": "CacheMisses", "Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [BUCKET]},
    ]


def test_the_key_of_a_cache_is_used_only_through_s3() -> None:
    *_, statement = cache_statements("ci-cache-0a1b2c3", ["shared"], KEY, ENVIRONMENT)
    assert statement == {
        "Sid": "CacheKey",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": [KEY],
        "Condition": {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}},
    }


def test_a_bucket_refuses_requests_without_tls() -> None:
    (statement,) = json.loads(bucket_policy(BUCKET))["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Resource"] == [BUCKET, f"{BUCKET}/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
