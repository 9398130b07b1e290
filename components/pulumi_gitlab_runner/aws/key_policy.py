"""The inline policy that allows a role to decrypt the stack's parameters.

It is a separate policy because the ARN of a KMS key is only known once the key is created: the role's other
permissions are known before, and the preview of a first deployment shows them. The inputs of the role's
component show this policy without the ARN.
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
    sid_prefix: str,
    parameter_arns: pulumi.Input[Sequence[str]],
    key_arn: pulumi.Input[str],
    role: pulumi.Output[str],
    parent: pulumi.Resource,
) -> aws.iam.RolePolicy:
    """Create the policy.

    Args:
        name: the resource name of the role.
        sid_prefix: the prefix of the statement's `Sid`.
        parameter_arns: the ARNs of the parameters; see `parameter_key_statement`.
        key_arn: the ARN of the key.
        role: the role's name in AWS.
        parent: the role's component.
    """
    policy = pulumi.Output.all(parameter_arns, key_arn).apply(
        lambda known: policy_document([parameter_key_statement(sid_prefix, *known)])
    )
    return aws.iam.RolePolicy(
        _policy_name(name), role=role, policy=policy, opts=pulumi.ResourceOptions(parent=parent)
    )


def key_rights(
    name: str, sid_prefix: str, parameter_arns: pulumi.Input[Sequence[str]], key_arn: pulumi.Input[str]
) -> dict[str, Any]:
    """The input of the role's component that shows the policy. Arguments as for `key_policy`."""
    statement = pulumi.Output.from_input(parameter_arns).apply(
        lambda known: parameter_key_statement(sid_prefix, known, "")
    )
    shown: dict[str, Any] = {each: statement[each] for each in ("Effect", "Action", "Condition")}
    return {RIGHTS: {_policy_name(name): {"Statement": [shown | {"Resource": key_arn}]}}}


def _policy_name(name: str) -> str:
    """The resource name of the policy: unique, because names in a declaration contain no dot."""
    return f"{name}.key"
