"""The declaration in a stack's configuration."""

import os
import sys
from pathlib import Path
from typing import Any, cast

import pulumi
import yaml

from pulumi_gitlab_runner.spec.inputs import Deferred
from pulumi_gitlab_runner.spec.problems import DeclarationError, join_path
from pulumi_gitlab_runner.spec.secrets import clear_secrets
from pulumi_gitlab_runner.spec.stack import StackDeclaration
from pulumi_gitlab_runner.spec.stack_file import PROJECT, instance_url, is_encrypted
from pulumi_gitlab_runner.stack.reading import ReadDeclaration, read_stack

ALREADY_SHOWN = 32
"""The exit code for which Pulumi adds no further message: pulumi/sdk/python, pulumi-language-python."""
_KEY = f"{PROJECT}:stack"


def declaration_from_config() -> StackDeclaration:
    """The declaration in the stack's configuration, `gitlab-runner:stack`, for the program of a stack.

    The default of `gitlab_url` is the address of the GitLab provider. A value that is encrypted in the
    stack's file stays a secret, and is a problem in a field that accepts no secrets; a password in plain text
    is a warning. Both are detected only if the stack's file is in its default location, not with
    `--config-file`. If the declaration has problems, the program ends here with one message that contains all
    of them.
    """
    declaration: Any = pulumi.Config(PROJECT).require_object("stack")
    written = _written()
    if written is not None:
        declaration = _with_secrets(declaration, written, "stack")
        for path in clear_secrets(written, StackDeclaration):
            pulumi.log.warn(
                f"{path} is in plain text in the stack's file; encrypt it: pulumi config set --secret --path "
                f"'{PROJECT}:{path}'"
            )
    base_url = pulumi.Config("gitlab").get("baseUrl") or os.environ.get("GITLAB_BASE_URL")
    if base_url and isinstance(declaration, dict):
        declaration.setdefault("gitlab_url", instance_url(base_url))
    try:
        return cast("StackDeclaration", ReadDeclaration(declaration, read_stack(declaration)))
    except DeclarationError as error:
        pulumi.log.error(str(error))
        sys.exit(ALREADY_SHOWN)


def _written() -> Any:
    """The declaration in the stack's file, with its encrypted values; None if it cannot be read."""
    root = Path(pulumi.get_root_directory())
    try:
        project = yaml.safe_load((root / "Pulumi.yaml").read_text(encoding="utf-8"))
        directory = root / (project.get("stackConfigDir") or "")
        file = directory / f"Pulumi.{pulumi.get_stack()}.yaml"
        return yaml.safe_load(file.read_text(encoding="utf-8"))["config"][_KEY]
    except (OSError, ValueError, yaml.YAMLError, AttributeError, KeyError, TypeError):
        return None


def _with_secrets(value: Any, written: Any, path: str) -> Any:
    """The declaration with a handle for each value that is encrypted in the stack's file."""
    if is_encrypted(written):
        return Deferred(path, value, encrypted=True, available=True)
    if isinstance(written, dict) and isinstance(value, dict):
        return {
            key: _with_secrets(each, written.get(key), join_path(path, key)) for key, each in value.items()
        }
    if isinstance(written, list) and isinstance(value, list) and len(written) == len(value):
        return [
            _with_secrets(each, written[index], join_path(path, index)) for index, each in enumerate(value)
        ]
    return value
