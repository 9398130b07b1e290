"""Secrets of a declaration, kept in Parameter Store."""

import pulumi
import pulumi_aws as aws


def secret_parameter(
    name: str, path: str, value: pulumi.Input[str], key_arn: pulumi.Input[str], parent: pulumi.Resource
) -> aws.ssm.Parameter:
    """A SecureString parameter.

    Args:
        name: of the resource.
        path: the parameter's name in Parameter Store.
        value: the secret.
        key_arn: the customer-managed key that encrypts it.
        parent: the component that it belongs to.
    """
    return aws.ssm.Parameter(
        name,
        name=path,
        type="SecureString",
        key_id=key_arn,
        value=pulumi.Output.secret(value),
        opts=pulumi.ResourceOptions(parent=parent),
    )
