"""What a stack declares, and what is wrong with it. No Pulumi here, and no input or output."""

from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem
from pulumi_gitlab_runner.spec.stack import Stack, StackDeclaration, build_stack

__all__ = ["AwsEnvironment", "DeclarationError", "Problem", "Stack", "StackDeclaration", "build_stack"]
