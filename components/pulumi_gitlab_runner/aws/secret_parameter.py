"""Secrets of a declaration, stored in Parameter Store."""

from collections.abc import Iterable

import pulumi
import pulumi_aws as aws

from pulumi_gitlab_runner.auth.docker_config import credentials_as_json
from pulumi_gitlab_runner.aws.tags import tag_inputs
from pulumi_gitlab_runner.host.parameters import HostParameters
from pulumi_gitlab_runner.resolution import login_of, refused_as_whole
from pulumi_gitlab_runner.spec.aws_tags import AwsTags
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem
from pulumi_gitlab_runner.spec.registries import Registry

_LARGEST = 4_096
"""The maximum size of a parameter of the standard tier, in bytes:
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
        name: the resource name.
        path: the parameter's name in Parameter Store.
        value: the secret.
        key_arn: the ARN of the customer managed key that encrypts it.
        tags: the tags of the parameter.
        parent: the parent of the resource.
    """

    def sized(secret: str) -> str:
        if (size := len(secret.encode())) > _LARGEST:
            found, allowed = f"a secret of {size:,} bytes", f"at most {_LARGEST:,} bytes in Parameter Store"
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
        # Only this stack uses the path: a parameter that an interrupted update left there is overwritten.
        overwrite=True,
        tags=tag_inputs(tags),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def registry_parameters(
    name: str,
    registries: Iterable[Registry],
    names: HostParameters,
    key_arn: pulumi.Input[str],
    tags: AwsTags,
    parent: pulumi.Resource,
) -> list[aws.ssm.Parameter]:
    """The user and password of each registry that declares them.

    Args:
        name: the prefix of the resource names.
        registries: the registries.
        names: the names in Parameter Store.
        key_arn: the ARN of the customer managed key that encrypts the parameters.
        tags: the tags of the parameters.
        parent: the parent of the resources.
    """
    return [
        secret_parameter(
            f"{name}-registry-{each.name}",
            names.registry(each.name),
            login_of(each.login).apply(credentials_as_json),
            key_arn,
            tags,
            parent,
        )
        for each in registries
        if each.login
    ]
