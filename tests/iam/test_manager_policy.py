"""The policy of a runner manager's role: exactly what the declaration takes, statement by statement."""

import json
from typing import Any

import pytest
from pulumi_gitlab_runner.iam.manager import ec2_trust_policy, manager_policy
from pulumi_gitlab_runner.iam.pull import PULL_ACTIONS
from pulumi_gitlab_runner.spec import AwsEnvironment, build_stack
from pulumi_gitlab_runner.spec.registries import EcrRegistry

from tests.spec.declaration import ENVIRONMENT, STACKS, stack_file

TOKEN = "arn:aws:ssm:eu-west-1:123456789012:parameter/gitlab-runner/sandbox/build/token"
PASSWORD = "arn:aws:ssm:eu-west-1:123456789012:parameter/gitlab-runner/sandbox/build/registries/legacy"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-1111-2222-333344445555"
FILES = "arn:aws:s3:::ci-0a1b2c3/build/files.json"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci/partner-AbCdEf"


def sandbox_repositories(environment: AwsEnvironment) -> list[str]:
    """The ARNs of all that the sandbox's runner may pull from."""
    (sandbox,) = (path for path in STACKS if path.name == "Pulumi.sandbox.yaml")
    stack = build_stack(stack_file(sandbox), environment)
    used = stack.registries_of(stack.runners["build"]).values()
    return [
        arn for each in used if isinstance(each, EcrRegistry) for arn in each.repository_arns(environment)
    ]


def policy(**changes: Any) -> dict[str, Any]:
    """The sandbox runner's policy, with some of what it is made of changed."""
    everything: dict[str, Any] = {
        "repository_arns": sandbox_repositories(ENVIRONMENT),
        "parameter_arns": [TOKEN, PASSWORD],
        "secret_arns": [],
        "key_arn": KEY,
        "files_arn": FILES,
        "region": "eu-west-1",
    }
    document: dict[str, Any] = json.loads(manager_policy(**(everything | changes)))
    return document


NOTHING: dict[str, Any] = {
    "repository_arns": [],
    "parameter_arns": [],
    "secret_arns": [],
    "key_arn": None,
    "files_arn": None,
}


def test_the_sandbox_runners_policy() -> None:
    assert policy(secret_arns=[SECRET]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "EcrToken",
                "Effect": "Allow",
                "Action": ["ecr:GetAuthorizationToken"],
                "Resource": ["*"],
            },
            {
                "Sid": "EcrPull",
                "Effect": "Allow",
                "Action": [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                "Resource": [
                    "arn:aws:ecr:eu-west-1:123456789012:repository/ci/base",
                    "arn:aws:ecr:eu-west-1:123456789012:repository/private/image",
                    "arn:aws:ecr:us-east-1:210987654321:repository/platform/toolchain",
                ],
            },
            {
                "Sid": "HostFiles",
                "Effect": "Allow",
                "Action": ["s3:GetObject"],
                "Resource": [FILES],
            },
            {
                "Sid": "HostParameters",
                "Effect": "Allow",
                "Action": ["ssm:GetParameter"],
                "Resource": [PASSWORD, TOKEN],
            },
            {
                "Sid": "HostParametersKey",
                "Effect": "Allow",
                "Action": ["kms:Decrypt"],
                "Resource": [KEY],
                "Condition": {
                    "StringEquals": {
                        "kms:ViaService": "ssm.eu-west-1.amazonaws.com",
                        "kms:EncryptionContext:PARAMETER_ARN": [PASSWORD, TOKEN],
                    }
                },
            },
            {
                "Sid": "RegistrySecrets",
                "Effect": "Allow",
                "Action": ["secretsmanager:GetSecretValue"],
                "Resource": [SECRET],
            },
        ],
    }


@pytest.mark.parametrize(
    ("changes", "statements"),
    [
        ({"repository_arns": []}, ["HostFiles", "HostParameters", "HostParametersKey"]),
        ({"parameter_arns": []}, ["EcrToken", "EcrPull", "HostFiles"]),
        ({"files_arn": None}, ["EcrToken", "EcrPull", "HostParameters", "HostParametersKey"]),
        ({**NOTHING, "secret_arns": [SECRET]}, ["RegistrySecrets"]),
        (NOTHING, []),
    ],
    ids=["no repositories", "no parameters", "no files", "a secret alone", "nothing"],
)
def test_what_is_not_needed_is_not_allowed(changes: dict[str, Any], statements: list[str]) -> None:
    assert [statement["Sid"] for statement in policy(**changes)["Statement"]] == statements


def test_only_the_ecr_token_is_allowed_on_everything() -> None:
    on_everything = [
        statement
        for statement in policy(secret_arns=[SECRET])["Statement"]
        if any("*" in resource for resource in statement["Resource"])
    ]
    assert [statement["Action"] for statement in on_everything] == [["ecr:GetAuthorizationToken"]]


def test_no_action_is_a_pattern() -> None:
    actions = [
        each for statement in policy(secret_arns=[SECRET])["Statement"] for each in statement["Action"]
    ]
    assert len(actions) == 8
    assert not any("*" in action for action in actions)


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eu-west-1", "aws")]
)
def test_repositories_follow_the_partition(region: str, partition: str) -> None:
    repositories = sandbox_repositories(AwsEnvironment("123456789012", region, partition))
    assert [arn.split(":")[1] for arn in repositories] == [partition] * 3
    assert f"arn:{partition}:ecr:{region}:123456789012:repository/ci/base" in repositories


def test_the_order_of_the_declaration_does_not_change_the_policy() -> None:
    forward = policy(secret_arns=[SECRET, SECRET + "2"])
    backward = policy(
        repository_arns=sandbox_repositories(ENVIRONMENT)[::-1],
        parameter_arns=[PASSWORD, TOKEN],
        secret_arns=[SECRET + "2", SECRET],
    )
    assert json.dumps(forward) == json.dumps(backward)


def test_only_ec2_takes_the_role_on() -> None:
    assert json.loads(ec2_trust_policy()) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }


def test_every_action_exists_and_takes_its_resource() -> None:
    actions = pytest.importorskip("policy_sentry.querying.actions", reason="policy_sentry is not installed")
    arns = pytest.importorskip("policy_sentry.util.arns")
    for statement in policy(secret_arns=[SECRET])["Statement"]:
        for action in statement["Action"]:
            service, name = action.split(":")
            (known, *others) = actions.get_action_data(service, name)[service]
            formats = [each["resource_arn_format"] for each in (known, *others)]
            for resource in statement["Resource"]:
                assert any(
                    each == resource or arns.ARN(resource).same_resource_type(each) for each in formats
                ), (action, resource, formats)


def test_the_pull_actions_are_those_of_aws_pull_only_policy_and_the_layer_check() -> None:
    assert set(PULL_ACTIONS) == {
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchCheckLayerAvailability",
    }
