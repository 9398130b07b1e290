"""The declaration of a stack, and its problems. This package does not import Pulumi, and does no I/O.

The module of a part has the TypedDict of its declaration, the dataclass of its model, `parse_…`, which
returns the model of a valid declaration, and `…_problems`, which yields the problems of a declaration that
`check_shape` accepted. These functions have arguments in common:

- `declaration`: the declaration of the part;
- `path`: its path in the whole declaration;
- `registries`: the declared registries, by name;
- `used`: the names of the registries that the runner uses;
- `environment`: the AWS account and region of the stack; None if not known yet.
"""

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
