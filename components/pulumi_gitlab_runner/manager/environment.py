"""Where in AWS a component's resources are."""

import re

import pulumi

from pulumi_gitlab_runner.resolution import given
from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment, AwsEnvironmentArgs
from pulumi_gitlab_runner.spec.inputs import value

Environment = pulumi.Output[AwsEnvironment]


def nowhere() -> Environment:
    """The environment of what has nothing in AWS: AWS is not asked."""
    return pulumi.Output.from_input("").apply(lambda _: AwsEnvironment("", ""))


def environment_of(parent: pulumi.Resource) -> Environment:
    """The account and region of the AWS provider of `parent`, as that provider says.

    Raises:
        RunError: the provider cannot say it, as without a region.
    """
    import pulumi_aws as aws

    asked = pulumi.InvokeOutputOptions(parent=parent)
    region = provider_region(parent)
    return pulumi.Output.all(
        aws.get_caller_identity_output(opts=asked).account_id,
        region or aws.get_region_output(opts=asked).region,
        aws.get_partition_output(opts=asked).partition,
    ).apply(lambda known: AwsEnvironment(*map(str, known)))


def provider_region(parent: pulumi.Resource) -> str:
    """The region that the AWS provider of `parent` is configured with; AWS is not asked for it.

    Raises:
        RunError: the provider cannot say it, as without a region.
    """
    import pulumi_aws as aws

    try:
        # By the function that gives a plain value, so that a failure is an exception here.
        return aws.get_region(opts=pulumi.InvokeOptions(parent=parent)).region
    except Exception as error:  # Pulumi has no class of its own for it
        raise pulumi.RunError(_why_not(str(error))) from None


def declared_environment(args: AwsEnvironmentArgs | None) -> Environment | None:
    """The environment that a component's arguments give, if they do."""
    if args is None:
        return None
    parts = (given(value(part)) for part in (args["account"], args["region"], args["partition"]))
    return pulumi.Output.all(*parts).apply(lambda known: AwsEnvironment(*map(str, known)))


def invoke_failure(text: str) -> str:
    """The reason why a function of a provider failed, in one line; empty where it gives none.

    The official providers list their errors below a line that only counts them (hashicorp/go-multierror,
    format.go); Pulumi writes the function's name before it, more than once.

    Args:
        text: what Pulumi raises.
    """
    said = text.partition(" failed: ")[2].strip() or text
    listed = re.search(r"\d+ errors? occurred:\s*\* (.+?)(?:\n\s*\n|\n\s*\*|$)", said, re.DOTALL)
    reason = " ".join(listed[1].split()) if listed else said.partition("\n")[0]
    return re.sub(r"^(invocation of|invoking) \S+?( returned an error)?: ", "", reason)[:300]


def _why_not(error: str) -> str:
    """One message for an AWS provider that does not say where it is."""
    return (
        "AWS does not say which region the stack is in.\n"
        f"  found:   {invoke_failure(error) or 'no answer'}\n"
        "  allowed: an AWS region, such as eu-west-1, and credentials that are valid there\n"
        "  fix:     pulumi config set aws:region eu-west-1"
    )
