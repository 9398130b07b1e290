"""The rights that one policy document allows and another does not."""

import json
from typing import Any

import pytest
from pulumi_gitlab_runner.review.rights import Gain, gains, statements_in

from tests.review.previews import allow

A, B = "arn:aws:ecr:eu-west-1:123456789012:repository/a", "arn:aws:ecr:eu-west-1:123456789012:repository/b"
WHEN = {"Bool": {"aws:SecureTransport": "true"}}
BOTH = WHEN | {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
TRUST = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}


@pytest.mark.parametrize(
    ("old", "new", "gained"),
    [
        ([allow("ecr:Get", A)], [allow(["ecr:Get"], [A])], []),
        ([allow("ecr:*", "*")], [allow("ecr:Get", A)], []),
        ([allow("ECR:G?t", A)], [allow("ecr:Get", A)], []),
        ([allow("ECR:get", A)], [allow("ecr:Get", A)], []),
        ([allow("x:*", "*", Condition=WHEN)], [allow("x:1", A)], [Gain(("x:1",), (A,), (), "")]),
        ([allow("x:*", "*", Condition=WHEN)], [allow("x:1", A, Condition=WHEN)], []),
        (
            [allow("x:1", A, Condition=BOTH)],
            [allow("x:1", A, Condition=dict(reversed(BOTH.items())))],
            [],
        ),
        ([allow("ecr:Get", A), allow("s3:Get", B)], [allow(["ecr:Get"], A)], []),
        ([allow("ecr:Get", A)], [allow("ecr:Get", [A, B])], [Gain(("ecr:Get",), (B,), (), "")]),
        ([allow("ecr:Get", A)], [allow(["ecr:Get", "ecr:Put"], A)], [Gain(("ecr:Put",), (A,), (), "")]),
        ([allow("ecr:Get", A)], [allow("ecr:*", A)], [Gain(("ecr:*",), (A,), (), "")]),
        ([allow("x:1", "arn:?")], [allow("x:1", "arn:*")], [Gain(("x:1",), ("arn:*",), (), "")]),
        ([allow("x:1", "arn:?")], [allow("x:1", "arn:a")], []),
        (
            [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}],
            [{"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "*"}],
            [Gain(("all except iam:PassRole",), ("*",), (), "")],
        ),
        (
            [{"Effect": "Allow", "Action": "x:1", "NotResource": "arn:*"}],
            [{"Effect": "Allow", "Action": "x:1", "NotResource": "arn:a"}],
            [Gain(("x:1",), ("all except arn:a",), (), "")],
        ),
        (
            [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}],
            [{"Effect": "Allow", "NotAction": "iam:*", "Resource": A}],
            [],
        ),
        ([], [allow(["x:1", "x:2"], [A, B])], [Gain(("x:1", "x:2"), (A, B), (), "")]),
        ([allow("x:1", A)], [allow("x:1", A, Condition=WHEN)], []),
        (
            [allow("x:1", A, Condition=WHEN)],
            [allow("x:1", A)],
            [Gain(("x:1",), (A,), (), "")],
        ),
        (
            [TRUST],
            [TRUST, {**TRUST, "Principal": {"AWS": ["1", "2"]}}],
            [Gain(("sts:AssumeRole",), (), ("AWS 1",), ""), Gain(("sts:AssumeRole",), (), ("AWS 2",), "")],
        ),
        ([TRUST], [{**TRUST, "Principal": "*"}], [Gain(("sts:AssumeRole",), (), ("*",), "")]),
        (
            [],
            [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}],
            [Gain(("all except iam:*",), ("*",), (), "")],
        ),
        (
            [allow("x:1", "*"), {"Effect": "Deny", "Action": "x:1", "Resource": A}],
            [allow("x:1", "*")],
            [Gain(("x:1",), (A,), (), "", denied_before=True)],
        ),
        ([allow("x:1", A)], [], []),
    ],
)
def test_gained_rights(old: list[Any], new: list[Any], gained: list[Gain]) -> None:
    assert list(gains(old, new)) == gained


def test_documents_are_found_as_text_as_objects_and_in_lists() -> None:
    document = {"Version": "2012-10-17", "Statement": allow("x:1", A)}
    assert statements_in(json.dumps(document)) == statements_in(document) == [allow("x:1", A)]
    assert statements_in([{"name": "inline", "policy": json.dumps(document)}]) == [allow("x:1", A)]


@pytest.mark.parametrize(
    "value", ["{", '{"rules": []}', "text", None, 7, ["{"], '{"Statement": [7]}', '{"a":' * 9000]
)
def test_a_value_without_a_document_has_no_statements(value: Any) -> None:
    assert statements_in(value) == []
