"""The declaration in the configuration of a stack."""

import os
import sys

import pulumi

from pulumi_gitlab_runner.host.check import check_manager_configs
from pulumi_gitlab_runner.spec.problems import DeclarationError
from pulumi_gitlab_runner.spec.stack import StackDeclaration, build_stack
from pulumi_gitlab_runner.spec.stack_file import PROJECT, instance_url

ALREADY_TOLD = 32
"""The exit code after which Pulumi adds no message of its own: pulumi/sdk/python, pulumi-language-python."""


def declaration_from_config() -> StackDeclaration:
    """The declaration in the stack's configuration, `gitlab-runner:stack`, for the program of a stack.

    GitLab's address is that of the GitLab provider, where the declaration has none. A declaration with
    problems ends the program here, with one message that names them all.
    """
    declaration: StackDeclaration = pulumi.Config(PROJECT).require_object("stack")
    base_url = pulumi.Config("gitlab").get("baseUrl") or os.environ.get("GITLAB_BASE_URL")
    if base_url and isinstance(declaration, dict):
        declaration.setdefault("gitlab_url", instance_url(base_url))
    try:
        check_manager_configs(build_stack(declaration))
    except DeclarationError as error:
        pulumi.log.error(str(error))
        sys.exit(ALREADY_TOLD)
    return declaration
