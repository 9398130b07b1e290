"""ARNs that are built from the names of resources.

AWS returns an ARN once its resource exists. A name is known before, so that the preview of a first deployment
shows references to new resources in full. Each ARN is derived from an output of its resource: a resource that
uses the ARN is created after it.
"""

import pulumi

from pulumi_gitlab_runner.manager.environment import Environment


def iam_arn(
    kind: str, name: pulumi.Output[str], path: pulumi.Input[str] | None, environment: Environment
) -> pulumi.Output[str]:
    """The ARN of an IAM resource.

    Source of the forms: docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html.

    Args:
        kind: `role`, `policy` or `instance-profile`.
        name: the name of the resource.
        path: its path; None for `/`.
        environment: the AWS account and partition.
    """
    return pulumi.Output.all(name, path or "/", environment).apply(
        lambda known: f"arn:{known[2].partition}:iam::{known[2].account}:{kind}{known[1]}{known[0]}"
    )


def identity_provider_arn(url: pulumi.Output[str], environment: Environment) -> pulumi.Output[str]:
    """The ARN of an OpenID Connect provider, which contains the provider's URL without the scheme.

    Args:
        url: the provider's URL; IAM returns it without the scheme.
        environment: the AWS account and partition.
    """
    return pulumi.Output.all(url, environment).apply(
        lambda known: (
            f"arn:{known[1].partition}:iam::{known[1].account}:oidc-provider/{known[0].rpartition('://')[2]}"
        )
    )


def regional_arn(
    service: str, kind: str, name: pulumi.Output[str], environment: Environment
) -> pulumi.Output[str]:
    """The ARN of a resource whose ARN has the form `arn:PARTITION:SERVICE:REGION:ACCOUNT:KIND:NAME`.

    Args:
        service: its service, such as `lambda`.
        kind: its kind, such as `function`.
        name: its name.
        environment: the AWS account, region and partition.
    """
    return pulumi.Output.all(name, environment).apply(
        lambda known: known[1].arn(service, f"{kind}:{known[0]}")
    )
