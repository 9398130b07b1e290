"""IAM policy documents: what a statement has, and how it reads."""

import json

from pulumi_gitlab_runner.iam.policy import allow, policy_document, trust_policy

CONDITION = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}


def test_a_statement_is_the_same_whatever_the_order() -> None:
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


def test_a_service_assumes_a_role() -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    plain, conditional = (trust_policy("ec2.amazonaws.com", each) for each in (None, CONDITION))
    assert json.loads(plain) == {"Version": "2012-10-17", "Statement": [statement]}
    assert json.loads(conditional)["Statement"] == [statement | {"Condition": CONDITION}]
