"""The policies of the Lambda function that renews CI variables, and of its schedule."""

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
"""The `Sid` prefix of the statements for the function's own parameters."""


def renewal_policy(
    registries: Sequence[Registry],
    environment: AwsEnvironment,
    *,
    token: StoredSecret | None,
    parameter_arns: Sequence[str],
    log_group_arn: str,
    part: Part | None = None,
    other_policy: str = "",
    path: str = "",
) -> str:
    """The inline policy of the function's role, without the statement of `parameter_key_statement`.

    An ECR password has the permissions of the role that requested it: this policy defines what jobs can pull.

    Args:
        registries: the registries whose credentials the function writes.
        environment: the AWS environment of the stack.
        token: the store of the GitLab token; None if the declaration contains the token.
        parameter_arns: the ARNs of the parameters with a token and passwords of the declaration, or a
            pattern.
        log_group_arn: the ARN of the function's log group.
        part: the repositories in the policy if managed policies have the others; None for all.
        other_policy: the role's other inline policy, which counts towards the same quota.
        path: the variable's path in the declaration.

    Raises:
        DeclarationError: the policy is larger than IAM allows.
    """
    statements = list(registry_statements(registries, environment, part=part))
    if token:
        statements += stored_secret_statements("GitLabToken", [token])
    if parameter_arns:
        statements.append(parameter_statement(OWN, parameter_arns))
    streams = [f"{log_group_arn}:log-stream:*"]
    statements.append(allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], streams))
    fix = "divide the registries among several variables: each has its own function and role"
    return INLINE_POLICIES.checked(policy_document(statements), path, fix, other_policy)


def lambda_trust_policy() -> str:
    """The trust policy of a role that AWS Lambda functions assume."""
    return trust_policy("lambda.amazonaws.com")


def schedule_policy(function_arn: str) -> str:
    """The policy of the role that the schedule assumes to invoke the function."""
    return policy_document([allow("Run", ["lambda:InvokeFunction"], [function_arn])])


def scheduler_trust_policy(environment: AwsEnvironment) -> str:
    """The trust policy of a role that EventBridge Scheduler assumes, for schedules of this account only.

    Source: docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html.
    """
    of_this_account = {"StringEquals": {"aws:SourceAccount": environment.account}}
    return trust_policy("scheduler.amazonaws.com", of_this_account)
