"""Policies for the flow logs of a VPC in CloudWatch Logs."""

from pulumi_gitlab_runner.iam.policy import allow, policy_document, trust_policy
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment


def flow_logs_trust_policy(environment: AwsEnvironment) -> str:
    """The trust policy of the role that VPC Flow Logs assumes, for flow logs of this account only.

    Source: docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html.
    """
    conditions = {
        "StringEquals": {"aws:SourceAccount": environment.account},
        "ArnLike": {"aws:SourceArn": environment.arn("ec2", "vpc-flow-log/*")},
    }
    return trust_policy("vpc-flow-logs.amazonaws.com", conditions)


def flow_logs_policy(log_group_arn: str) -> str:
    """The policy of that role, to write to one log group.

    The actions are those of docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html, without
    `logs:CreateLogGroup`.
    """
    actions = ("CreateLogStream", "DescribeLogGroups", "DescribeLogStreams", "PutLogEvents")
    return policy_document([allow("FlowLogs", [f"logs:{each}" for each in actions], [f"{log_group_arn}:*"])])
