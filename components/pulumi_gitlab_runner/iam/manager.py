"""The policy of a runner manager's role: to pull images, and to read its host's files and secrets."""

from collections.abc import Iterable, Sequence

from pulumi_gitlab_runner.iam.policy import Statement, allow, policy_document, trust_policy
from pulumi_gitlab_runner.iam.registries import registry_statements
from pulumi_gitlab_runner.iam.repository_policies import Part
from pulumi_gitlab_runner.iam.stored_secret import parameter_statement
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.registries import Registry

HOST = "Host"
"""The `Sid` prefix of the statements for a manager's host."""


def manager_policy(
    registries: Sequence[Registry],
    environment: AwsEnvironment,
    *,
    parameter_arns: Sequence[str],
    files_arn: str | None,
    further: Iterable[Statement] = (),
    part: Part | None = None,
) -> str:
    """The policy of a runner manager's role, without the statement of `parameter_key_statement`.

    Args:
        registries: the registries that its runners may pull from.
        environment: the AWS environment of the stack.
        parameter_arns: the ARNs of its parameters, with the runners' tokens and passwords of registries; or a
            pattern.
        files_arn: the ARN of the S3 object with its host's files; None without a host.
        further: the statements for its host, fleet and cache.
        part: the repositories in the policy if managed policies have the others; None for all.
    """
    statements = list(registry_statements(registries, environment, batched=True, part=part))
    if files_arn:
        statements.append(allow("HostFiles", ["s3:GetObject"], [files_arn]))
    if parameter_arns:
        statements.append(parameter_statement(HOST, parameter_arns, batched=True))
    return policy_document([*statements, *further])


def ec2_trust_policy() -> str:
    """The trust policy of a role that EC2 instances assume.

    The principal has the same name in every partition: aws/aws-cdk, aws-cdk-lib/region-info/lib/default.ts.
    """
    return trust_policy("ec2.amazonaws.com")
