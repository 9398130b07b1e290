"""What may be said of an IAM role: its path, and the policy that bounds it."""

import re
from collections.abc import Iterator
from typing import NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.problems import Problem, join_path

_BOUNDARY = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\w+=,.@/-]+", re.ASCII)
_PATH = re.compile(r"/([\x21-\x2e\x30-\x7e]+/)*")
"""docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html."""


@with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))
class RoleDeclaration(TypedDict):
    """An IAM role."""

    permissions_boundary: NotRequired[str]
    """The ARN of the IAM policy that bounds what the role may do. Default: none."""
    role_path: NotRequired[str]
    """The IAM path of the role, such as `/ci/`. Default `/`."""


def role_problems(declaration: RoleDeclaration, path: str) -> Iterator[Problem]:
    """What is wrong with a role's boundary and path."""
    boundary = declaration.get("permissions_boundary")
    if boundary is not None and not _BOUNDARY.fullmatch(boundary):
        yield Problem(
            join_path(path, "permissions_boundary"),
            repr(boundary),
            "the ARN of a policy, such as arn:aws:iam::123456789012:policy/boundary",
        )
    role_path = declaration.get("role_path", "/")
    if not _PATH.fullmatch(role_path) or len(role_path) > 512:
        yield Problem(
            join_path(path, "role_path"),
            repr(role_path),
            "a path that starts and ends with '/', such as /ci/runners/, of 512 characters at most",
        )
