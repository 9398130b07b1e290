"""The policy of a runner manager's role: to pull the declared images, and to read what its host needs."""

from collections.abc import Iterable, Sequence

from pulumi_gitlab_runner.iam.policy import Statement, allow, policy_document, trust_policy
from pulumi_gitlab_runner.iam.registries import registry_statements
from pulumi_gitlab_runner.iam.repository_policies import Part
from pulumi_gitlab_runner.iam.stored_secret import parameter_statement
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.registries import Registry

HOST = "Host"
"""What the names of statements start with that are for a manager's host."""


def manager_policy(
    registries: Sequence[Registry],
    environment: AwsEnvironment,
    *,
    parameter_arns: Sequence[str],
    files_arn: str | None,
    further: Iterable[Statement] = (),
    part: Part | None = None,
) -> str:
    """The policy of a runner manager's role, without the key's part: see `parameter_key_statement`.

    Args:
        registries: those that its runners may pull from.
        environment: its stack's.
        parameter_arns: its own parameters: the runner's token, passwords of registries; or a pattern of them.
        files_arn: the S3 object that holds its host's files, if it has one.
        further: statements for its fleet and its cache, if it has one.
        part: the repositories, where further policies of the role have the others.
    """
    statements = list(registry_statements(registries, environment, at_once=True, part=part))
    if files_arn:
        statements.append(allow("HostFiles", ["s3:GetObject"], [files_arn]))
    if parameter_arns:
        statements.append(parameter_statement(HOST, parameter_arns, at_once=True))
    return policy_document([*statements, *further])


def ec2_trust_policy() -> str:
    """The trust policy of a role that EC2 instances assume.

    The principal has the same name in every partition: aws/aws-cdk, aws-cdk-lib/region-info/lib/default.ts.
    """
    return trust_policy("ec2.amazonaws.com")
