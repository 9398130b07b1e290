"""Declarations as programs give them: plain values, with Outputs for the secrets among them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pulumi

from pulumi_gitlab_runner.spec.problems import DeclarationError
from pulumi_gitlab_runner.spec.registries import RegistryDeclaration
from pulumi_gitlab_runner.spec.shape import KNOWN_LATER


@contextmanager
def told_once() -> Iterator[None]:
    """A wrong declaration ends the program with its message alone, without a traceback."""
    try:
        yield
    except DeclarationError as error:
        raise pulumi.RunError(str(error)) from None


def plain(declaration: Any) -> Any:
    """The declaration with `KNOWN_LATER` in the place of each Output."""
    if isinstance(declaration, pulumi.Output):
        return KNOWN_LATER
    if isinstance(declaration, Mapping):
        return {key: plain(value) for key, value in declaration.items()}
    if isinstance(declaration, list | tuple):
        return [plain(value) for value in declaration]
    return declaration


def registry_credentials(declaration: RegistryDeclaration) -> pulumi.Output[tuple[str, str]]:
    """The user and password that a registry declares, as a secret."""
    gitlab = declaration.get("gitlab")
    fixed = gitlab["deploy_token"] if gitlab else declaration["static"]
    password = pulumi.Output.secret(fixed["password"])
    return pulumi.Output.all(fixed["username"], password).apply(lambda known: (str(known[0]), str(known[1])))
