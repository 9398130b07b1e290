"""ARNs by the names in them.

AWS returns an ARN once its resource exists. A name is known before, so in the preview of a first deployment
what refers to a new resource shows whole. Each ARN follows from an output of its resource: what takes it is
made after that resource.
"""

import pulumi

from pulumi_gitlab_runner.manager.environment import Environment


def iam_arn(
    kind: str, name: pulumi.Output[str], path: pulumi.Input[str] | None, environment: Environment
) -> pulumi.Output[str]:
    """The ARN of a resource of IAM.

    Source of the forms: docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html.

    Args:
        kind: `role`, `policy` or `instance-profile`.
        name: its name.
        path: its path; None for `/`.
        environment: its account and partition.
    """
    return pulumi.Output.all(name, path or "/", environment).apply(
        lambda known: f"arn:{known[2].partition}:iam::{known[2].account}:{kind}{known[1]}{known[0]}"
    )


def identity_provider_arn(url: pulumi.Output[str], environment: Environment) -> pulumi.Output[str]:
    """The ARN of an OpenID Connect provider, which names its URL without the scheme.

    Args:
        url: its URL; IAM returns it without the scheme.
        environment: its account and partition.
    """
    return pulumi.Output.all(url, environment).apply(
        lambda known: (
            f"arn:{known[1].partition}:iam::{known[1].account}:oidc-provider/{known[0].rpartition('://')[2]}"
        )
    )


def function_arn(name: pulumi.Output[str], environment: Environment) -> pulumi.Output[str]:
    """The ARN of a Lambda function, without a version.

    Args:
        name: its name.
        environment: its account, region and partition.
    """
    return pulumi.Output.all(name, environment).apply(
        lambda known: (
            f"arn:{known[1].partition}:lambda:{known[1].region}:{known[1].account}:function:{known[0]}"
        )
    )


def bucket_arn(name: pulumi.Output[str], partition: pulumi.Input[str]) -> pulumi.Output[str]:
    """The ARN of a bucket.

    Args:
        name: its name.
        partition: that of its region.
    """
    return pulumi.Output.concat("arn:", partition, ":s3:::", name)
