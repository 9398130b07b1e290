"""The policies of the function that renews CI variables."""

from collections.abc import Sequence

from pulumi_gitlab_runner.iam.policy import allow, policy_document, trust_policy
from pulumi_gitlab_runner.iam.quotas import INLINE_POLICIES
from pulumi_gitlab_runner.iam.registries import registry_statements
from pulumi_gitlab_runner.iam.repository_policies import Part
from pulumi_gitlab_runner.iam.stored_secret import parameter_statement, stored_secret_statements
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.registries import Registry
from pulumi_gitlab_runner.spec.stored_secret import StoredSecret

OWN = "Own"
"""What the names of statements start with that are for parameters of the function's own."""


def renewal_policy(
    registries: Sequence[Registry],
    environment: AwsEnvironment,
    *,
    token: StoredSecret | None,
    parameter_arns: Sequence[str],
    log_group_arn: str,
    part: Part | None = None,
    beside: str = "",
    path: str = "",
) -> str:
    """The inline policy of the function's role, without the key's part: see `parameter_key_statement`.

    An ECR password has the permissions of the role that requested it: this policy decides what jobs may pull.

    Args:
        registries: those whose credentials it writes.
        environment: its stack's.
        token: where the GitLab token is stored, if it is a secret of the user's own.
        parameter_arns: its own parameters, for a token and passwords in the declaration; or a pattern.
        log_group_arn: the group that it writes its log to.
        part: the repositories, where further policies of the role have the others.
        beside: the role's other inline policy, which counts for the same quota.
        path: the variable's path in the declaration.

    Raises:
        DeclarationError: it is larger than IAM allows.
    """
    statements = list(registry_statements(registries, environment, part=part))
    if token:
        statements += stored_secret_statements("GitLabToken", [token])
    if parameter_arns:
        statements.append(parameter_statement(OWN, parameter_arns))
    streams = [f"{log_group_arn}:log-stream:*"]
    statements.append(allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], streams))
    fix = "divide the registries among several variables, each with a function and a role of its own"
    return INLINE_POLICIES.checked(policy_document(statements), path, fix, beside)


def lambda_trust_policy() -> str:
    """The trust policy of a role that AWS Lambda functions assume."""
    return trust_policy("lambda.amazonaws.com")


def schedule_policy(function_arn: str) -> str:
    """The policy of the role with which the schedule invokes the function, and nothing else."""
    return policy_document([allow("Run", ["lambda:InvokeFunction"], [function_arn])])


def scheduler_trust_policy(environment: AwsEnvironment) -> str:
    """The trust policy of a role that EventBridge Scheduler assumes, for schedules of this account only.

    Source: docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html.
    """
    of_this_account = {"StringEquals": {"aws:SourceAccount": environment.account}}
    return trust_policy("scheduler.amazonaws.com", of_this_account)
