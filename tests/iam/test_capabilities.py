"""The permissions of a runner host: each call on its own resources, and on no others.

A capability is a task of the host with the calls that it needs, and the same calls on a neighbour's
resources, which must be refused.
"""

import json
from dataclasses import dataclass

import pytest
from pulumi_gitlab_runner.iam.pull import IMPORT_ACTIONS, PULL_ACTIONS

from tests.iam.evaluation import Call, allows, without
from tests.iam.everything import CACHE, ECR, KMS, LOGS, OWN, PARTNER, PASSWORD, POLICY, SECRETS, SSM, TOKEN

INSTANCES = "arn:aws:ec2:eu-west-1:123456789012:instance"


@dataclass(frozen=True)
class Capability:
    """A task of a host, and the calls that it needs; `neighbours` are calls that must be refused."""

    name: str
    calls: tuple[Call, ...]
    neighbours: tuple[Call, ...] = ()


def pulls(repository: str) -> tuple[Call, ...]:
    """The calls of a pull, except the one for the token."""
    return tuple(Call(action, repository) for action in PULL_ACTIONS)


def imports(repository: str) -> tuple[Call, ...]:
    """The calls of a first pull through a cache, except those of the pull itself."""
    return tuple(Call(action, repository) for action in IMPORT_ACTIONS)


def reads_parameter(
    arn: str, key: str, *, through: str = "ssm.eu-west-1", action: str = "GetParameters"
) -> tuple[Call, Call]:
    """The calls by which Parameter Store reads a SecureString for the host."""
    context = {"kms:ViaService": f"{through}.amazonaws.com", "kms:EncryptionContext:PARAMETER_ARN": arn}
    return Call(f"ssm:{action}", arn), Call("kms:Decrypt", f"{KMS}/{key}", context)


def reads_secret(arn: str, key: str) -> tuple[Call, Call]:
    """The calls by which Secrets Manager reads a secret for the host."""
    context = {
        "kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com",
        "kms:EncryptionContext:SecretARN": arn,
    }
    return Call("secretsmanager:GetSecretValue", arn), Call("kms:Decrypt", f"{KMS}/{key}", context)


def lists(action: str, region: str = "eu-west-1") -> Call:
    """A call that lists resources of a region, and supports no resource itself."""
    return Call(action, "*", {"aws:RequestedRegion": region})


def resizes(group: str) -> tuple[Call, Call]:
    """The calls that start and end instances of a group."""
    arn = (
        "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:0a1b2c3d-0000-1111-2222-333344445555:"
        f"autoScalingGroupName/{group}"
    )
    return (
        Call("autoscaling:SetDesiredCapacity", arn),
        Call("autoscaling:TerminateInstanceInAutoScalingGroup", arn),
    )


def connects(group: str, user: str = "ec2-user") -> Call:
    """The call by which the manager connects to an instance of a group."""
    instance = "arn:aws:ec2:eu-west-1:123456789012:instance/i-0123456789abcdef0"
    context = {"ec2:ResourceTag/aws:autoscaling:groupName": group, "ec2:osuser": user}
    return Call("ec2-instance-connect:SendSSHPublicKey", instance, context)


def controls_lifecycle(host: str, region: str = "eu-west-1") -> tuple[Call, ...]:
    """The calls by which a host, in its own group, is ready, and delays, completes and requests its end."""
    group = f"arn:aws:autoscaling:{region}:123456789012:autoScalingGroup:0a1b:autoScalingGroupName/any-1a2b"
    lifecycle = ("RecordLifecycleActionHeartbeat", "CompleteLifecycleAction", "SetInstanceHealth")
    actions = (*lifecycle, "StartInstanceRefresh", "CancelInstanceRefresh")
    context = {"aws:ResourceTag/gitlab-runner-host": host}
    return tuple(Call(f"autoscaling:{action}", group, context) for action in actions)


def writes_logs(group: str) -> tuple[Call, Call]:
    """The calls that write into a log group."""
    return (
        Call("logs:CreateLogStream", f"{LOGS}:{group}:log-stream:i-0123456789abcdef0"),
        Call("logs:PutLogEvents", f"{LOGS}:{group}:log-stream:i-0123456789abcdef0"),
    )


def writes_metric(namespace: str) -> Call:
    """The call that writes a metric."""
    return Call("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": namespace})


def uses_key(action: str, key: str, service: str = "s3") -> Call:
    """The call by which S3 encrypts or decrypts for the host."""
    return Call(action, f"{KMS}/{key}", {"kms:ViaService": f"{service}.eu-west-1.amazonaws.com"})


LOGIN = Call("ecr:GetAuthorizationToken", "*")
CAPABILITIES = [
    Capability(
        "pulls an image of this account",
        (LOGIN, *pulls(f"{ECR}/ci/base")),
        (
            *pulls(f"{ECR}/ci/base-of-others"),
            *pulls(f"{ECR}/ci"),
            *pulls("arn:aws:ecr:us-east-1:123456789012:repository/ci/base"),
            *imports(f"{ECR}/ci/base"),
            Call("ecr:PutImage", f"{ECR}/ci/base"),
        ),
    ),
    Capability(
        "pulls an image of another account",
        (LOGIN, *pulls("arn:aws:ecr:us-east-1:210987654321:repository/platform/toolchain")),
        (
            *pulls("arn:aws:ecr:us-east-1:210987654321:repository/platform/other"),
            *pulls(f"{ECR}/platform/toolchain"),
        ),
    ),
    Capability(
        "pulls a public image through the cache",
        (LOGIN, *pulls(f"{ECR}/hub/library/redis"), *imports(f"{ECR}/hub/library/redis")),
        (*pulls(f"{ECR}/hub"), *imports(f"{ECR}/quay/app"), *pulls(f"{ECR}/hubs/app")),
    ),
    Capability(
        "logs in to the public gallery",
        (Call("ecr-public:GetAuthorizationToken", "*"), Call("sts:GetServiceBearerToken", "*")),
    ),
    Capability(
        "reads its runner's token",
        reads_parameter(TOKEN, "hosts", action="GetParameter"),
        (
            *reads_parameter(f"{SSM}/gitlab-runner/dev/release/token", "hosts"),
            Call("ssm:PutParameter", TOKEN),
            Call("ssm:GetParametersByPath", TOKEN),
        ),
    ),
    Capability(
        "reads the password of a registry",
        reads_parameter(PASSWORD, "hosts"),
        # All parameters below the prefix of a host are its own, but not those of a host with a longer name.
        (
            *reads_parameter(f"{SSM}/gitlab-runner/dev/release/registries/legacy", "hosts"),
            *reads_parameter(f"{SSM}/gitlab-runner/dev/build-arm/registries/legacy", "hosts"),
        ),
    ),
    Capability(
        "reads a secret of the user's own, under a key of the user's own",
        reads_secret(PARTNER, "partner"),
        (*reads_secret(f"{SECRETS}:ci/other-AbCdEf", "partner"), reads_secret(PARTNER, "hosts")[1]),
    ),
    Capability(
        "reads a parameter of the user's own, under a key of the user's own",
        reads_parameter(OWN, "own"),
        (*reads_parameter(f"{SSM}/ci/other", "own"), reads_parameter(OWN, "hosts")[1]),
    ),
    Capability(
        "fetches its files",
        (Call("s3:GetObject", "arn:aws:s3:::ci-0a1b2c3/build/files.json"),),
        (
            Call("s3:GetObject", "arn:aws:s3:::ci-0a1b2c3/release/files.json"),
            Call("s3:PutObject", "arn:aws:s3:::ci-0a1b2c3/build/files.json"),
            Call("s3:ListBucket", "arn:aws:s3:::ci-0a1b2c3"),
        ),
    ),
    Capability(
        "lets its jobs end before it does, or has itself replaced",
        controls_lifecycle("/ci/dev/build"),
        (
            *controls_lifecycle("/ci/dev/build-2"),
            *controls_lifecycle("/ci/dev/release"),
            *controls_lifecycle("/ci/dev/build", "us-east-1"),
        ),
    ),
    Capability(
        "lets Systems Manager open a shell",
        (
            Call("ssm:UpdateInstanceInformation", f"{INSTANCES}/i-0123456789abcdef0"),
            *(
                Call(f"ssmmessages:{action}", "*")
                for action in (
                    "CreateControlChannel",
                    "CreateDataChannel",
                    "OpenControlChannel",
                    "OpenDataChannel",
                )
            ),
        ),
        # Further calls that AWS's own policy for Session Manager allows.
        (
            Call("ssm:GetParameters", OWN + "/other"),
            Call("ssm:GetParameter", OWN + "/other"),
            Call("ec2messages:GetMessages", "*"),
        ),
    ),
    Capability(
        "writes its journal",
        writes_logs("/ci/dev/build"),
        (
            *writes_logs("/ci/dev/build-2"),
            Call("logs:CreateLogGroup", f"{LOGS}:/ci/dev/build"),
            Call("logs:GetLogEvents", f"{LOGS}:/ci/dev/build:log-stream:i-0123456789abcdef0"),
        ),
    ),
    Capability("says that it works", (writes_metric("GitLabRunner"),), (writes_metric("AWS/EC2"),)),
    Capability(
        "starts and ends the instances of its fleet",
        (
            lists("autoscaling:DescribeAutoScalingGroups"),
            lists("ec2:DescribeInstances"),
            lists("ec2:DescribeSpotInstanceRequests"),
            *resizes("ci-dev-build"),
        ),
        (
            *resizes("ci-dev-build-of-others"),
            *resizes("ci-dev-release"),
            lists("ec2:DescribeInstances", "us-east-1"),
        ),
    ),
    Capability(
        "connects to the instances of its fleet",
        (connects("ci-dev-build"),),
        (connects("ci-dev-release"), connects("ci-dev-build", "root")),
    ),
    Capability(
        "reads and writes its runners' cache",
        (
            Call("s3:GetObject", f"{CACHE}/runners/build/project/7/default"),
            Call("s3:PutObject", f"{CACHE}/runners/build/project/7/default"),
            Call("s3:ListBucket", CACHE),
            uses_key("kms:Decrypt", "cache"),
            uses_key("kms:GenerateDataKey", "cache"),
        ),
        (
            Call("s3:GetObject", f"{CACHE}/runners/release/project/7/default"),
            Call("s3:PutObject", f"{CACHE}/runners/builder/project/7/default"),
            Call("s3:PutObject", f"{CACHE}/shared/project/7/default"),
            Call("s3:DeleteObject", f"{CACHE}/runners/build/project/7/default"),
            uses_key("kms:GenerateDataKey", "hosts"),
            uses_key("kms:GenerateDataKey", "cache", "ebs"),
        ),
    ),
]
ACTIONS = sorted({action for each in json.loads(POLICY)["Statement"] for action in each["Action"]})

for_each_capability = pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda each: each.name)


@for_each_capability
def test_the_calls_of_a_host_are_allowed(capability: Capability) -> None:
    assert [call for call in capability.calls if not allows(POLICY, call)] == []


@for_each_capability
def test_calls_on_resources_of_a_neighbour_are_refused(capability: Capability) -> None:
    assert [call for call in capability.neighbours if allows(POLICY, call)] == []


@pytest.mark.parametrize("action", ACTIONS)
def test_no_action_is_superfluous(action: str) -> None:
    """Without the action, at least one capability fails."""
    rest = without(POLICY, action)
    assert [
        capability.name
        for capability in CAPABILITIES
        if not all(allows(rest, call) for call in capability.calls)
    ]


@pytest.mark.parametrize(
    "capability",
    [each for each in CAPABILITIES if any(call.action == "kms:Decrypt" for call in each.calls)],
    ids=lambda each: each.name,
)
def test_keys_decrypt_only_through_the_store_that_contains_the_secret(capability: Capability) -> None:
    (decrypt,) = (call for call in capability.calls if call.action == "kms:Decrypt")
    elsewhere = {**decrypt.context, "kms:ViaService": "ssm.us-east-1.amazonaws.com"}
    assert not allows(POLICY, Call(decrypt.action, decrypt.resource, elsewhere))
    assert not allows(POLICY, Call(decrypt.action, decrypt.resource))
