"""The declaration of a stack, and its problems. This package does not import Pulumi, and does no I/O."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi_gitlab_runner.spec.aws_environment import AwsEnvironment
    from pulumi_gitlab_runner.spec.problems import DeclarationError, Problem
    from pulumi_gitlab_runner.spec.stack import Stack, StackDeclaration, parse_stack

__all__ = ["AwsEnvironment", "DeclarationError", "Problem", "Stack", "StackDeclaration", "parse_stack"]

_MODULES = {"AwsEnvironment": "aws_environment", "DeclarationError": "problems", "Problem": "problems"}


def __getattr__(name: str) -> Any:
    """Import a module on first access: a single component does not need all of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'stack')}"), name)
