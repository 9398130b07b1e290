"""IAM policy documents: the content of statements, and the layout of the text."""

import json

from pulumi_gitlab_runner.iam.flow_logs import flow_logs_policy, flow_logs_trust_policy
from pulumi_gitlab_runner.iam.host import group_statement
from pulumi_gitlab_runner.iam.policy import allow, policy_document, trust_policy
from pulumi_gitlab_runner.iam.stored_secret import parameter_statement, stored_secret_statements
from pulumi_gitlab_runner.spec import AwsEnvironment
from pulumi_gitlab_runner.spec.stored_secret import StoredSecret

CONDITION = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}


def test_a_statement_does_not_depend_on_the_order() -> None:
    assert allow("Read", ["s3:b", "s3:a"], ["y", "x", "y"]) == {
        "Sid": "Read",
        "Effect": "Allow",
        "Action": ["s3:a", "s3:b"],
        "Resource": ["x", "y"],
    }
    assert allow("Read", ["s3:a"], ["x"], CONDITION)["Condition"] == CONDITION
    assert "Condition" not in allow("Read", ["s3:a"], ["x"], {})


def test_a_document_shows_one_setting_a_line() -> None:
    assert policy_document([allow("Read", ["s3:a"], ["x"])]).splitlines()[:4] == [
        "{",
        '  "Version": "2012-10-17",',
        '  "Statement": [',
        "    {",
    ]


def test_flow_logs_of_this_account_are_written_to_one_log_group() -> None:
    (trusted,) = json.loads(flow_logs_trust_policy(AwsEnvironment("123456789012", "cn-north-1", "aws-cn")))[
        "Statement"
    ]
    assert trusted["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trusted["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": "arn:aws-cn:ec2:cn-north-1:123456789012:vpc-flow-log/*"},
    }
    (written,) = json.loads(flow_logs_policy("arn:group"))["Statement"]
    actions = ("CreateLogStream", "DescribeLogGroups", "DescribeLogStreams", "PutLogEvents")
    assert (written["Action"], written["Resource"]) == ([f"logs:{each}" for each in actions], ["arn:group:*"])
    assert written["Sid"] == "FlowLogs"


def test_a_host_reads_the_groups_in_its_region() -> None:
    statement = group_statement(AwsEnvironment("123456789012", "eu-west-1"))
    assert (statement["Sid"], statement["Action"]) == (
        "HostGroup",
        ["autoscaling:DescribeAutoScalingGroups"],
    )
    assert (statement["Resource"], statement["Condition"]) == (["*"], CONDITION)


def test_secrets_are_read_with_a_batch_call_only_on_request() -> None:
    parameter = "arn:aws:ssm:eu-west-1:123456789012:parameter/a"
    secrets = [f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}" for name in "ab"]
    stored = [StoredSecret(parameter=parameter), *(StoredSecret(secret=each) for each in secrets)]
    read, parameters, get = "secretsmanager:GetSecretValue", "ssm:GetParameters", "ssm:GetParameter"
    each = [statement["Action"] for statement in stored_secret_statements("A", stored)]
    assert each == [[read], [get]]
    batched = [statement["Action"] for statement in stored_secret_statements("A", stored, batched=True)]
    assert batched == [[read], ["secretsmanager:BatchGetSecretValue"], [parameters]]
    one = [statement["Action"] for statement in stored_secret_statements("A", stored[:2], batched=True)]
    assert one == [[read], [parameters]]
    assert parameter_statement("A", [parameter])["Action"] == [get]
    assert parameter_statement("A", [parameter], batched=True)["Action"] == [get, parameters]


def test_a_service_assumes_a_role() -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    plain, conditional = (trust_policy("ec2.amazonaws.com", each) for each in (None, CONDITION))
    assert json.loads(plain) == {"Version": "2012-10-17", "Statement": [statement]}
    assert json.loads(conditional)["Statement"] == [statement | {"Condition": CONDITION}]
