"""The AWS account and region of a component."""

import re

import pulumi

from pulumi_gitlab_runner.resolution import given, refused_as_whole
from pulumi_gitlab_runner.spec.aws_environment import NOWHERE, AwsEnvironment, AwsEnvironmentArgs
from pulumi_gitlab_runner.spec.inputs import check, value
from pulumi_gitlab_runner.spec.problems import join_path, refuse
from pulumi_gitlab_runner.spec.regions import region_problems

Environment = pulumi.Output[AwsEnvironment]


def nowhere() -> Environment:
    """The environment of a component without resources in AWS: nothing is looked up."""
    return pulumi.Output.from_input(NOWHERE)


def environment_of(parent: pulumi.Resource) -> Environment:
    """The account and region of the AWS provider of `parent`, looked up by its functions.

    Raises:
        RunError: the look-up fails, for example without a region.
    """
    import pulumi_aws as aws

    options = pulumi.InvokeOutputOptions(parent=parent)
    region = provider_region(parent)
    return pulumi.Output.all(
        aws.get_caller_identity_output(opts=options).account_id,
        region or aws.get_region_output(opts=options).region,
        aws.get_partition_output(opts=options).partition,
    ).apply(lambda known: AwsEnvironment(*map(str, known)))


def provider_region(parent: pulumi.Resource) -> str:
    """The region that the AWS provider of `parent` is configured with; needs no request to AWS.

    Raises:
        RunError: the look-up fails, for example without a region.
    """
    import pulumi_aws as aws

    try:
        # The function with a plain result, so that a failure raises an exception here.
        return aws.get_region(opts=pulumi.InvokeOptions(parent=parent)).region
    except Exception as error:  # Pulumi raises no subclass
        raise pulumi.RunError(_region_message(str(error))) from None


def declared_environment(args: AwsEnvironmentArgs | None, name: str) -> Environment | None:
    """The environment in a component's arguments; None if they have none.

    Args:
        args: the argument `environment`.
        name: the name of the component.

    Raises:
        RunError: the region is not the name of an AWS region.
    """
    if args is None:
        return None
    at = join_path(name, "environment", "region")
    with refused_as_whole():
        refuse(check(args["region"], lambda region: region_problems(region, at)))
    parts = (given(value(part)) for part in (args["account"], args["region"], args["partition"]))
    return pulumi.Output.all(*parts).apply(lambda known: AwsEnvironment(*map(str, known)))


def invoke_failure(text: str) -> str:
    """The reason for which a function of a provider failed, in one line; empty if the error contains none.

    The official providers list their errors below a line that only counts them (hashicorp/go-multierror,
    format.go); Pulumi adds the function's name as a prefix, more than once.

    Args:
        text: the message of the exception that Pulumi raises.
    """
    said = text.partition(" failed: ")[2].strip() or text
    listed = re.search(r"\d+ errors? occurred:\s*\* (.+?)(?:\n\s*\n|\n\s*\*|$)", said, re.DOTALL)
    reason = " ".join(listed[1].split()) if listed else said.partition("\n")[0]
    return re.sub(r"^(invocation of|invoking) \S+?( returned an error)?: ", "", reason)[:300]


def _region_message(error: str) -> str:
    """The message for an AWS provider without a region."""
    return (
        "The AWS region of the stack cannot be looked up.\n"
        f"  found:   {invoke_failure(error) or 'no answer'}\n"
        "  allowed: an AWS region, such as eu-west-1, and credentials that are valid in it\n"
        "  fix:     pulumi config set aws:region eu-west-1"
    )
