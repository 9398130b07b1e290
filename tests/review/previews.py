"""Previews as `pulumi preview --json` writes them, with the parts that a test needs."""

import json
from collections.abc import Mapping
from typing import Any

from pulumi_gitlab_runner.review.preview import Preview, read_preview

ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
FILES = "aws:s3/bucketObjectv2:BucketObjectv2"
VARIABLE = "gitlab:index/projectVariable:ProjectVariable"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def step(
    operation: str,
    kind: str,
    name: str = "it",
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A step of the preview."""
    custom = not kind.startswith("gitlab-runner:")
    states = {"oldState": old, "newState": new}
    return {
        "op": operation,
        "urn": f"urn:pulumi:prod::ci::gitlab-runner:index:RunnerStack${kind}::{name}",
        **{
            key: {"custom": custom, "type": kind, "inputs": inputs}
            for key, inputs in states.items()
            if inputs is not None
        },
        **more,
    }


def text(*steps: Mapping[str, Any], messages: tuple[tuple[str, str], ...] = ()) -> str:
    """The whole output of `pulumi preview --json`."""
    diagnostics = [{"severity": severity, "message": message} for severity, message in messages]
    return json.dumps({"steps": steps, "diagnostics": diagnostics, "duration": 1, "changeSummary": {}})


def preview(*steps: Mapping[str, Any], messages: tuple[tuple[str, str], ...] = ()) -> Preview:
    """The preview of these steps."""
    return read_preview(text(*steps, messages=messages))


def policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a role's policy."""
    return {"policy": json.dumps({"Version": "2012-10-17", "Statement": statements})}


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """A statement that allows actions."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}
