"""A stack's file, `Pulumi.STACK.yaml`, parsed without Pulumi and without its secrets."""

from dataclasses import dataclass
from typing import Any

import yaml

from pulumi_gitlab_runner.spec.inputs import Deferred
from pulumi_gitlab_runner.spec.problems import join_path

PROJECT = "gitlab-runner"
"""The Pulumi project, the namespace of the declaration in the configuration, and part of the names of hosts'
parameters."""


class StackFileError(ValueError):
    """A text that is not a stack's file; the message contains the reason."""


@dataclass(frozen=True)
class StackFile:
    """The content of a stack's file.

    Attributes:
        declaration: the declaration, with a handle for each encrypted value, and with the GitLab provider's
            URL as the default of `gitlab_url`.
        region: the AWS region; None if not configured.
        docker_host: the address of the Docker Engine; empty if not configured in plain text.
    """

    declaration: Any
    region: str | None
    docker_host: str = ""


def parse_stack_file(text: str, default_gitlab_url: str | None = None) -> StackFile:
    """Parse a stack's file.

    Args:
        text: the content of the file.
        default_gitlab_url: the URL of GitLab if the file has none; with or without `/api/v4/`.

    Raises:
        StackFileError: the text is not YAML, or not a stack's file.
    """
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError:
        raise StackFileError("it is not YAML") from None
    config = loaded.get("config") if isinstance(loaded, dict) else None
    if not isinstance(config, dict):
        raise StackFileError("it has no 'config'")
    declaration = without_secrets(config.get(f"{PROJECT}:stack", {}), "stack")
    gitlab_url = config.get("gitlab:baseUrl") or default_gitlab_url
    if gitlab_url and isinstance(declaration, dict):
        declaration.setdefault("gitlab_url", instance_url(str(gitlab_url)))
    region, docker_host = config.get("aws:region"), config.get("docker:host")
    return StackFile(
        declaration,
        None if region is None else str(region),
        docker_host if isinstance(docker_host, str) else "",
    )


def instance_url(base_url: str) -> str:
    """The URL of GitLab, from the URL of its API, the provider's `baseUrl`."""
    return base_url.rstrip("/").removesuffix("/api/v4")


def is_encrypted(written: Any) -> bool:
    """Whether a value in a stack's file is encrypted: a mapping with the only key `secure`, of a text.

    Source: github.com/pulumi/pulumi, sdk/go/common/resource/config/plaintext.go.
    """
    return isinstance(written, dict) and written.keys() == {"secure"} and isinstance(written["secure"], str)


def without_secrets(value: Any, path: str) -> Any:
    """A part of a stack's file with a handle for each encrypted value, `secure: …`.

    Args:
        value: the part.
        path: its path in the declaration.
    """
    if isinstance(value, dict):
        if is_encrypted(value):
            return Deferred(path, None, encrypted=True)
        return {key: without_secrets(child, join_path(path, str(key))) for key, child in value.items()}
    if isinstance(value, list):
        return [without_secrets(child, join_path(path, index)) for index, child in enumerate(value)]
    return value
