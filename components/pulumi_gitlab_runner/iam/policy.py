"""IAM policy documents as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Statement = Mapping[str, Any]


def policy_document(statements: Iterable[Statement]) -> str:
    """A policy document of these statements; equal statements give equal text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2)


def allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[str],
    conditions: Mapping[str, Mapping[str, Any]] | None = None,
) -> Statement:
    """A statement that allows `actions` on `resources`.

    Args:
        sid: the purpose of the statement.
        actions: the actions, such as ``ecr:BatchGetImage``.
        resources: the ARNs; ``*`` only for actions without resource-level permissions.
        conditions: operator → condition key → value.
    """
    statement: dict[str, Any] = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": sorted({*resources}),
    }
    if conditions:
        statement["Condition"] = conditions
    return statement


def trust_policy(service: str, conditions: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    """The trust policy of a role that an AWS service assumes.

    Args:
        service: the service principal, such as ``ec2.amazonaws.com``.
        conditions: operator → condition key → value.
    """
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if conditions:
        statement["Condition"] = conditions
    return policy_document([statement])
