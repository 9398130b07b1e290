"""Operators, who run Pulumi on a stack: which ARNs are accepted, and which are refused."""

import pytest
from pulumi_gitlab_runner.spec import Problem

from tests.spec.declaration import declaration, problems_of

AT = "stack.operators"


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::123456789012:role/ci-deploy",
        "arn:aws-cn:iam::123456789012:user/people/anna@example.com",
        "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Admin_*",
    ],
)
def test_a_role_or_user_is_accepted(arn: str) -> None:
    assert problems_of(declaration() | {"operators": [arn]}) == []


@pytest.mark.parametrize(
    "arn",
    [
        "ci-deploy",
        "*",
        "arn:aws:iam::123456789012:root",
        "arn:aws:iam::123456789012:policy/ci",
        "arn:aws:sts::123456789012:assumed-role/ci-deploy/session",
    ],
)
def test_anything_else_is_refused(arn: str) -> None:
    assert problems_of(declaration() | {"operators": [arn]}) == [
        Problem(
            f"{AT}[0]",
            repr(arn),
            "the ARN of a role or user, such as arn:aws:iam::123456789012:role/ci-deploy",
            "not that of a session, arn:aws:sts::…: name its role",
        )
    ]


def test_an_empty_list_is_refused() -> None:
    (problem,) = problems_of(declaration() | {"operators": []})
    assert (problem.path, problem.found) == (AT, "an empty list")
