"""IAM in the sandbox: actions, the resources that a call names, and conditions."""

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.authorization import enable_iam_authentication
from pulumi_gitlab_runner.iam.policy import allow, policy_document

from sandbox.services.aws import ACCOUNT
from sandbox.services.aws.server import AwsServer
from tests.services.aws.authorization import Call, allows, recorded

REGION = "eu-west-1"
REPOSITORY = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository"
PULL = allow("Pull", ["ecr:BatchGetImage"], [f"{REPOSITORY}/team/*"])
HERE = allow("Here", ["ec2:Describe*"], ["*"], {"StringEquals": {"aws:RequestedRegion": [REGION]}})


@pytest.mark.parametrize(
    ("call", "allowed"),
    [
        (Call("ecr:BatchGetImage", (f"{REPOSITORY}/team/app",)), True),
        (Call("ecr:BatchGetImage", (f"{REPOSITORY}/team/app", f"{REPOSITORY}/other")), False),
        (Call("ecr:PutImage", (f"{REPOSITORY}/team/app",)), False),
        (Call("ecr:BatchGetImage"), True),  # moto does not say which repository
        (Call("ec2:DescribeVpcs"), True),
        (Call("ec2:CreateVpc"), False),
    ],
)
def test_a_call_is_allowed_by_a_statement_for_each_of_its_resources(call: Call, allowed: bool) -> None:
    assert allows([PULL, HERE], call, {"aws:RequestedRegion": REGION}) == allowed


def test_a_condition_must_match_if_its_key_is_known() -> None:
    call = Call("ec2:DescribeVpcs")
    assert not allows([HERE], call, {"aws:RequestedRegion": "us-east-1"})
    assert allows([HERE], call, {})


@pytest.fixture(scope="module")
def session() -> Iterator[boto3.Session]:
    """A session of a role that may read one repository and one role."""
    statements = [
        allow("Look", ["ecr:DescribeRepositories", "ecr:CreateRepository"], [f"{REPOSITORY}/team/app"]),
        allow("Role", ["iam:GetRole"], [f"arn:aws:iam::{ACCOUNT}:role/ci/*"]),
        allow("Bucket", ["s3:GetEncryptionConfiguration", "s3:ListTagsForResource"], ["arn:aws:s3:::ci-*"]),
    ]
    with AwsServer() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", server.endpoint)
        first = boto3.Session("administrator", "administrator", region_name=REGION)
        iam = first.client("iam")
        trust = policy_document([])
        for path, name in (("/ci/", "mine"), ("/", "theirs")):
            iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust)
        iam.put_role_policy(RoleName="mine", PolicyName="p", PolicyDocument=policy_document(statements))
        first.client("s3").create_bucket(
            Bucket="ci-1", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        token = first.client("sts").assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/ci/mine",
            RoleSessionName="job",
            WebIdentityToken="an-id-token",
        )["Credentials"]
        with enable_iam_authentication():
            yield boto3.Session(
                token["AccessKeyId"], token["SecretAccessKey"], token["SessionToken"], region_name=REGION
            )


def refused(session: boto3.Session, service: str, operation: str, **parameters: Any) -> bool:
    """Whether IAM refuses a call; other errors do not count."""
    try:
        getattr(session.client(service), operation)(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"] in (
            "AccessDenied",
            "AccessDeniedException",
            "UnauthorizedOperation",
        )
    return False


def test_calls_are_authorized_for_the_resources_that_they_name(session: boto3.Session) -> None:
    with recorded() as calls:
        assert not refused(session, "sts", "get_caller_identity")
        assert not refused(session, "ecr", "create_repository", repositoryName="team/app")
        assert refused(session, "ecr", "create_repository", repositoryName="team/other")
        assert not refused(session, "iam", "get_role", RoleName="mine")
        assert refused(session, "iam", "get_role", RoleName="theirs")
        assert refused(session, "ecr", "delete_repository", repositoryName="team/app")
        assert not refused(session, "s3", "get_bucket_encryption", Bucket="ci-1")
        assert refused(session, "s3", "get_bucket_tagging", Bucket="ci-1")
    assert calls[1] == Call("ecr:CreateRepository", (f"{REPOSITORY}/team/app",))
    assert calls[3].resources == (f"arn:aws:iam::{ACCOUNT}:role/ci/mine",)
    assert calls[-1] == Call("s3:GetBucketTagging", ("arn:aws:s3:::ci-1",))


def test_the_arn_of_a_parameter_of_aws_has_no_account(session: boto3.Session) -> None:
    image = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    with recorded() as calls:
        assert refused(session, "ssm", "get_parameter", Name=image)
        assert refused(session, "ssm", "get_parameter", Name="/ci/token")
    assert calls == [
        Call("ssm:GetParameter", (f"arn:aws:ssm:{REGION}::parameter{image}",)),
        Call("ssm:GetParameter", (f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/ci/token",)),
    ]


def test_the_tags_of_a_bucket_are_requested_from_s3_control(session: boto3.Session) -> None:
    through = Config(proxies={"http": os.environ["AWS_ENDPOINT_URL"]})
    control = session.client("s3control", config=through)
    with recorded() as calls:
        control.list_tags_for_resource(AccountId=ACCOUNT, ResourceArn="arn:aws:s3:::ci-1")
        with pytest.raises(ClientError):
            control.list_tags_for_resource(AccountId=ACCOUNT, ResourceArn="arn:aws:s3:::theirs")
    assert calls == [
        Call("s3:ListTagsForResource", ("arn:aws:s3:::ci-1",)),
        Call("s3:ListTagsForResource", ("arn:aws:s3:::theirs",)),
    ]


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("autoscaling", "describe_auto_scaling_groups", "AccessDenied"),
        ("cloudwatch", "describe_alarms", "AccessDeniedException"),
        ("ec2", "describe_vpcs", "UnauthorizedOperation"),
        ("ssm", "describe_parameters", "AccessDeniedException"),
    ],
)
def test_a_refusal_names_the_identity_and_the_action(
    session: boto3.Session, service: str, operation: str, code: str
) -> None:
    with pytest.raises(ClientError) as refusal:
        getattr(session.client(service), operation)()
    error = refusal.value.response["Error"]
    assert error["Code"] == code
    assert f"role/mine/job is not authorized to perform: {service}:" in error["Message"]
    assert "<" not in error["Message"]
