"""What a runner host is, read from the files that its stack gives it."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_gitlab_runner.auth.registry_list import CredentialSource, read_registry_list
from pulumi_gitlab_runner.review.preview import Inputs, Step

_FILES = "/files.json"


@dataclass(frozen=True)
class HostState:
    """The part of a host's files that a review looks at.

    Attributes:
        runners: the `[[runners]]` table of each, by its name.
        sources: where the credentials of each of its registries come from, by its host.
    """

    runners: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sources: Mapping[str, CredentialSource] = field(default_factory=dict)


NO_HOST = HostState()
"""A host that is not there."""


def host_of(step: Step) -> str | None:
    """The name of the manager whose host's files the resource of a step is; None for any other resource."""
    key = step.new.get("key") or step.old.get("key")
    if step.type == "aws:s3/bucketObjectv2:BucketObjectv2" and isinstance(key, str) and key.endswith(_FILES):
        return key.removesuffix(_FILES)
    return None


def host_state(inputs: Inputs) -> HostState | None:
    """The state of a host by the inputs of its files; None where they are not known before the update."""
    if not inputs:
        return NO_HOST
    try:
        files = {path: file["content"] for path, file in json.loads(inputs["content"]).items()}
        config = tomllib.loads(files.get("etc/gitlab-runner/config.toml", ""))
        return HostState(
            runners={
                str(each["name"]): {**each, "docker": dict(each.get("docker", {}))}
                for each in config.get("runners", [])
            },
            sources=read_registry_list(files.get("etc/gitlab-runner/registries", "")),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
