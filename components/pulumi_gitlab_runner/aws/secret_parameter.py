"""Secrets of a declaration, kept in Parameter Store."""

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.resolution import refused_as_whole
from pulumi_gitlab_runner.spec.aws_tags import AwsTags
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem

_LARGEST = 4_096
"""In bytes, for a parameter of the standard tier:
docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html."""


def secret_parameter(
    name: str,
    path: str,
    value: pulumi.Input[str],
    key_arn: pulumi.Input[str],
    tags: AwsTags,
    parent: pulumi.Resource,
) -> aws.ssm.Parameter:
    """A SecureString parameter.

    Args:
        name: of the resource.
        path: the parameter's name in Parameter Store.
        value: the secret.
        key_arn: the customer-managed key that encrypts it.
        tags: of the parameter.
        parent: the component that it belongs to.
    """

    def sized(secret: str) -> str:
        if (size := len(secret.encode())) > _LARGEST:
            found, allowed = f"a secret of {size:,} bytes", f"{_LARGEST:,} bytes, as Parameter Store has it"
            fix = "keep it in Secrets Manager, and declare its ARN"
            with refused_as_whole():
                raise DeclarationError([Problem(f"parameter {path}", found, allowed, fix)])
        return secret

    return aws.ssm.Parameter(
        name,
        name=path,
        type="SecureString",
        key_id=key_arn,
        value=pulumi.Output.secret(value).apply(sized),
        tags=tag_inputs(tags),
        opts=pulumi.ResourceOptions(parent=parent),
    )
