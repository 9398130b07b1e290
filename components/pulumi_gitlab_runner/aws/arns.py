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


def function_arn(name: pulumi.Output[str], environment: Environment) -> pulumi.Output[str]:
    """The ARN of a Lambda function, without a version.

    Args:
        name: the name of the function.
        environment: the AWS account, region and partition.
    """
    return pulumi.Output.all(name, environment).apply(
        lambda known: (
            f"arn:{known[1].partition}:lambda:{known[1].region}:{known[1].account}:function:{known[0]}"
        )
    )


def bucket_arn(name: pulumi.Output[str], partition: pulumi.Input[str]) -> pulumi.Output[str]:
    """The ARN of an S3 bucket.

    Args:
        name: the name of the bucket.
        partition: the partition of its region.
    """
    return pulumi.Output.concat("arn:", partition, ":s3:::", name)
