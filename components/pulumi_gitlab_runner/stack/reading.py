"""The parsed declaration of a stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pulumi_gitlab_runner.host.check import check_manager_configs
from pulumi_gitlab_runner.resolution import with_handles
from pulumi_gitlab_runner.spec.certificate_authorities import authority_warnings
from pulumi_gitlab_runner.spec.image_warnings import image_warnings
from pulumi_gitlab_runner.spec.problems import refuse
from pulumi_gitlab_runner.spec.stack import Stack, parse_stack
from pulumi_gitlab_runner.spec.variable_warnings import variable_warnings
from pulumi_gitlab_runner.stack.images import read_contexts
from pulumi_gitlab_runner.stack.quotas import quota_problems


@dataclass(frozen=True)
class ReadStack:
    """A valid declaration, parsed.

    Attributes:
        stack: the model.
        contexts: the build contexts, by the names of their builds.
        warnings: the warnings about valid settings that are probably not intended.
    """

    stack: Stack
    contexts: Mapping[str, Any]
    warnings: tuple[str, ...]


class ReadDeclaration(dict[str, Any]):
    """A declaration with its parsed form, which `RunnerStack` uses."""

    def __init__(self, declaration: Mapping[str, Any], read: ReadStack) -> None:
        super().__init__(declaration)
        self.read = read


def read_stack(declaration: Any) -> ReadStack:
    """Parse a declaration.

    Raises:
        DeclarationError: the declaration has problems; contains all of them.
    """
    if isinstance(declaration, ReadDeclaration):
        return declaration.read
    stack = parse_stack(with_handles(declaration, "stack"))
    refuse(quota_problems(stack, "stack"))
    contexts = read_contexts(stack)
    warnings = [
        *check_manager_configs(stack),
        *variable_warnings(stack),
        *image_warnings(stack),
        *authority_warnings(stack.authorities, "stack.certificate_authorities", datetime.now(UTC)),
    ]
    return ReadStack(stack, contexts, tuple(map(str, warnings)))
