"""The inline policy with which a role decrypts parameters of the stack.

It is a policy of its own because AWS chooses the ARN of a key when the key is made: everything else that the
role may do is known before, and shows in the preview of a first deployment. Of this policy the role's
component shows all but the ARN.
"""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.iam.policy import policy_document
from pulumi_gitlab_runner.iam.stored_secret import parameter_key_statement
from pulumi_gitlab_runner.spec.declared import RIGHTS


def key_policy(
    name: str,
    of: str,
    parameter_arns: pulumi.Input[Sequence[str]],
    key_arn: pulumi.Input[str],
    role: pulumi.Output[str],
    parent: pulumi.Resource,
) -> aws.iam.RolePolicy:
    """Make the policy.

    Args:
        name: that of the role.
        of: what the statement's name starts with.
        parameter_arns: the parameters; see `parameter_key_statement`.
        key_arn: the key.
        role: the role's name in AWS.
        parent: the role's component.
    """
    policy = pulumi.Output.all(parameter_arns, key_arn).apply(
        lambda known: policy_document([parameter_key_statement(of, *known)])
    )
    return aws.iam.RolePolicy(
        _called(name), role=role, policy=policy, opts=pulumi.ResourceOptions(parent=parent)
    )


def key_rights(
    name: str, of: str, parameter_arns: pulumi.Input[Sequence[str]], key_arn: pulumi.Input[str]
) -> dict[str, Any]:
    """The input with which the role's component shows the policy. Arguments as for `key_policy`."""
    statement = pulumi.Output.from_input(parameter_arns).apply(
        lambda known: parameter_key_statement(of, known, "")
    )
    shown: dict[str, Any] = {each: statement[each] for each in ("Effect", "Action", "Condition")}
    return {RIGHTS: {_called(name): {"Statement": [shown | {"Resource": key_arn}]}}}


def _called(name: str) -> str:
    """The policy's own name: a dot is in no name of a declaration, so no other role's policy has it."""
    return f"{name}.key"
