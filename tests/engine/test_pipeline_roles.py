"""The roles of a pipeline, enforced by IAM: preview, update, drift check and destroy succeed with them."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.config import Config
from moto.core.authorization import enable_iam_authentication
from pulumi_gitlab_runner.iam.pipeline_roles import (
    StackNames,
    packed,
    pipeline_statements,
    registered_types,
    state_statements,
)
from pulumi_gitlab_runner.iam.policy import Statement, allow, policy_document
from pulumi_gitlab_runner.iam.provider_actions import PROVIDER_ACTIONS
from pulumi_gitlab_runner.spec import AwsEnvironment, parse_stack
from pulumi_gitlab_runner.spec.pipeline_roles import PulumiState

from sandbox.environment import GITLAB_TOKEN, Sandbox
from sandbox.services.aws import ACCOUNT
from sandbox.services.aws.server import AwsServer
from tests.engine.project import REGION, Project
from tests.registry.fixtures import ONLY_LOOPBACK
from tests.services.aws.authorization import FREE, Call, allows, recorded

pytestmark = pytest.mark.engine

DECLARATION: dict[str, Any] = {
    "tags": {"team": "ci"},
    "registries": {
        "team": {"ecr": {}, "repositories": {"ci/base": {}}, "allow_pull": ["210987654321"]},
    },
    "runners": {
        "build": {
            "group": 42,
            "image": "team/ci/base:1",
            "registries": ["team"],
            "host": {"logs": {}, "role_path": "/ci/"},
        }
    },
    "hosted_auth": {
        "ecr": {"registries": ["team"], "projects": [8], "gitlab_token": {"value": GITLAB_TOKEN}},
    },
}
STATEMENTS = pipeline_statements(
    parse_stack(DECLARATION), StackNames("gitlab-runner", "pipeline", "ci", AwsEnvironment(ACCOUNT, REGION))
)
FUNCTION = "ci-ecr-"
"""The prefix of the names of the function of `hosted_auth` and of its role."""
IDENTITY = allow("Identity", ["sts:GetCallerIdentity"], ["*"])
"""A statement that allows what every identity may do: IAM accepts no policy without a statement."""
BROKEN = "autoscaling:CreateAutoScalingGroup"

NOT_CALLED_BY_STAND_INS = {
    # Only the group of a fleet has suspended processes; groups get their tags at their creation.
    "autoscaling:CreateOrUpdateTags",
    "autoscaling:SuspendProcesses",
    # Used when a deletion waits or fails.
    "autoscaling:DescribeScalingActivities",
    "ec2:DescribeNetworkInterfaces",
    # Tags at the creation: AWS requires the action, and moto does not.
    "ec2:CreateTags",
    "ecr:TagResource",
    "iam:TagInstanceProfile",
    "iam:TagRole",
    "kms:TagResource",
    "logs:TagResource",
    # They are deleted with their repository.
    "ecr:DeleteLifecyclePolicy",
    "ecr:DeleteRepositoryPolicy",
    # No one attached another policy to a role.
    "iam:DetachRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    # A key has the default policy of AWS, and a log group has no key.
    "kms:PutKeyPolicy",
    "logs:AssociateKmsKey",
    # The official provider reads all settings of a function.
    "lambda:GetFunctionCodeSigningConfig",
    "lambda:ListVersionsByFunction",
    # Once in an account.
    "iam:CreateServiceLinkedRole",
    # The official provider reads all settings of a bucket, also those of other resources.
    "s3:GetAccelerateConfiguration",
    "s3:GetBucketAcl",
    "s3:GetBucketCORS",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketLogging",
    "s3:GetBucketRequestPayment",
    "s3:GetBucketWebsite",
    "s3:GetEncryptionConfiguration",
    "s3:GetReplicationConfiguration",
    # Every version is deleted by its ID.
    "s3:DeleteObject",
    # The official provider reads a parameter by either action; a launch template names one of AWS's.
    "ssm:GetParameters",
}
"""Actions that the official provider or AWS requires, and that no call of these steps uses."""

READ_FROM_EXISTING_RESOURCES = {
    "ec2:DescribeSecurityGroupRules",
    "ecr:DescribeRepositories",
    "ecr:ListTagsForResource",
    "kms:DescribeKey",
    "kms:ListAliases",
    "logs:DescribeLogGroups",
    "logs:ListTagsForResource",
}
"""What a preview reads if a name is taken, a repository is adopted, or an image exists."""


class Account(AwsServer):
    """An AWS account whose roles jobs assume."""

    def credentials(self, role: str, statements: Sequence[Statement]) -> dict[str, str]:
        """The credentials that a job gets for a role with these rights, and the endpoint of this AWS."""
        iam, sts = self.client("iam"), self.client("sts")
        arn = iam.create_role(
            RoleName=role, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []})
        )["Role"]["Arn"]
        for number, policy in enumerate(packed(statements)):
            made = iam.create_policy(PolicyName=f"{role}-{number}", PolicyDocument=policy)["Policy"]["Arn"]
            iam.attach_role_policy(RoleName=role, PolicyArn=made)
        token = sts.assume_role_with_web_identity(
            RoleArn=arn, RoleSessionName="job-1", WebIdentityToken="an-id-token"
        )["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": token["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": token["SecretAccessKey"],
            "AWS_SESSION_TOKEN": token["SessionToken"],
            "AWS_ENDPOINT_URL": self.endpoint,
        }

    def client(self, service: str) -> Any:
        """A client of the account's administrator."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id="administrator",
            aws_secret_access_key="administrator",
        )


@dataclass
class Pipeline:
    """A stack, and an AWS in which IAM authorizes every call of its pipeline."""

    project: Project
    account: Account

    @contextmanager
    def acting_as(self, credentials: Mapping[str, str]) -> Iterator[list[Call]]:
        """Use these credentials, with IAM enforced, until the block ends; yield the calls."""
        official = self.project.sandbox.plugins.environment(self.account.endpoint)
        self.project.environment = {**ONLY_LOOPBACK, **official, **credentials}
        with recorded() as calls, enable_iam_authentication():
            yield calls


@pytest.fixture
def pipeline(sandbox: Sandbox, tmp_path: Path) -> Iterator[Pipeline]:
    settings = tmp_path / "settings.yaml"
    config = {"aws:region": REGION, "gitlab-runner:stack": DECLARATION}
    settings.write_text(yaml.safe_dump({"config": config}))
    with Account() as account:
        yield Pipeline(Project(tmp_path / "it", sandbox, settings=settings, stack="pipeline"), account)


def test_the_roles_suffice_and_each_action_is_needed(pipeline: Pipeline) -> None:
    project = pipeline.project
    account = pipeline.account
    deployer = account.credentials("deploy", STATEMENTS.deploy)
    used: dict[str, list[Call]] = {}

    with pipeline.acting_as(account.credentials("preview", STATEMENTS.preview)) as used["preview"]:
        project.pulumi("preview")

    broken = account.credentials("broken", _without(STATEMENTS.deploy, BROKEN))
    with pipeline.acting_as(broken) as begun:
        failed = project.pulumi("up", "--yes", "--skip-preview", check=False)
    assert failed.returncode != 0
    assert re.search(rf"autoscaling:.*Group .*build.*\n?.*not authorized to perform: {BROKEN}", failed.stdout)

    with pipeline.acting_as(deployer) as used["deploy"]:
        project.up()

    with pipeline.acting_as(account.credentials("drift", STATEMENTS.drift)) as used["drift"]:
        project.pulumi("refresh", "--preview-only", "--expect-no-changes")

    refused = {
        "EcrToken": "not authorized to perform: ecr:GetAuthorizationToken",
        "OwnParameters": "not authorized to perform: ssm:GetParameter",
        "OwnParametersKey": "not authorized to perform: kms:Decrypt",
    }
    for statement, answer in _renewals_without_each_statement(pipeline, deployer).items():
        assert refused.get(statement, '{"renewed": ["project 8"]}') in answer, statement

    with pipeline.acting_as(deployer) as destroyed:
        project.pulumi("destroy", "--yes", "--skip-preview")
    used["deploy"] += [*begun, *destroyed]
    unused: set[str] = set()
    for step, all_calls in used.items():
        statements = getattr(STATEMENTS, step)
        granted = {action for each in statements for action in each["Action"]}
        calls = [each for each in all_calls if f":assumed-role/{FUNCTION}" not in each.caller]
        called = {each.action for each in calls} - FREE
        # What a step calls is granted: the step has passed. What is granted is called, or may be.
        others = (
            READ_FROM_EXISTING_RESOURCES if step == "preview" else NOT_CALLED_BY_STAND_INS | _of_updates()
        )
        assert sorted(granted - called - others) == [], step
        unused |= granted - called
        for action in called:
            assert not _all_allowed(_without(statements, action), calls), f"{step} passes without {action}"
    deployed = {action for each in STATEMENTS.deploy for action in each["Action"]}
    assert not NOT_CALLED_BY_STAND_INS - deployed
    assert sorted(NOT_CALLED_BY_STAND_INS - unused) == []


def _renewals_without_each_statement(pipeline: Pipeline, invoker: Mapping[str, str]) -> dict[str, str]:
    """The answer of the function of `hosted_auth` without each statement of its role."""
    iam, functions = (pipeline.account.client(each) for each in ("iam", "lambda"))
    (function,) = functions.list_functions()["Functions"]
    named, role = function["FunctionName"], function["Role"].rpartition("/")[2]
    # The function retries until shortly before its timeout.
    functions.update_function_configuration(FunctionName=named, Timeout=20)
    as_invoker = boto3.Session(
        invoker["AWS_ACCESS_KEY_ID"], invoker["AWS_SECRET_ACCESS_KEY"], invoker["AWS_SESSION_TOKEN"], REGION
    ).client("lambda", endpoint_url=pipeline.account.endpoint, config=Config(read_timeout=60))
    answers: dict[str, str] = {}
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        for left_out in document["Statement"]:
            rest = [each if each != left_out else IDENTITY for each in document["Statement"]]
            iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=policy_document(rest))
            with enable_iam_authentication():
                answers[left_out["Sid"]] = as_invoker.invoke(FunctionName=named)["Payload"].read().decode()
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))
    functions.update_function_configuration(FunctionName=named, Timeout=function["Timeout"])
    return answers


def test_the_state_is_read_and_written_with_exactly_its_rights(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: it\nruntime: yaml\n")
    with Account() as account:
        bucket = {"LocationConstraint": REGION}
        account.client("s3").create_bucket(Bucket="my-state", CreateBucketConfiguration=bucket)
        key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
        state = PulumiState("my-state", "ci", secrets_key=key)

        def allowed(*commands: str, write: bool) -> None:
            statements = list(state_statements(state, "aws", write=write))
            environment = account.credentials("deploy" if write else "preview", statements)
            settings = "s3ForcePathStyle=true&disableSSL=true"
            url = f"s3://my-state/ci?region={REGION}&{settings}&endpoint={account.endpoint}"
            environment |= {"PULUMI_BACKEND_URL": url, **ONLY_LOOPBACK}
            with recorded() as calls, enable_iam_authentication():
                for command in commands:
                    done = sandbox.pulumi(*command.split(), directory=tmp_path, environment=environment)
                    assert done.returncode == 0, done.stderr
            granted = {action for each in statements for action in each["Action"]}
            assert {each.action for each in calls} == granted
            assert _all_allowed(statements, calls)

        provider = f"awskms:///{key}?region={REGION}&awssdk=v2"
        allowed(
            f"stack init prod --secrets-provider {provider}",
            "config set --secret password secret",
            write=True,
        )
        allowed("stack export --stack prod", "config get password", write=False)


def _without(statements: Sequence[Statement], action: str) -> list[Statement]:
    kept = [{**each, "Action": [one for one in each["Action"] if one != action]} for each in statements]
    return [each for each in kept if each["Action"]]


def _all_allowed(statements: Sequence[Statement], calls: Sequence[Call]) -> bool:
    context = {"aws:RequestedRegion": REGION}
    return all(each.action in FREE or allows(statements, each, context) for each in calls)


def _of_updates() -> set[str]:
    """The actions that only an update of a resource needs, which no step performs."""
    types = [PROVIDER_ACTIONS[each] for each in registered_types(parse_stack(DECLARATION))]
    return {f"{each.on.service}:{action}" for each in types for action in each.update.split()}
