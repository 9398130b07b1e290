"""The declaration of an IAM role: its path, its permissions boundary, and the operators."""

import re
from collections.abc import Iterator, Sequence
from typing import NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.inputs import Input, check, check_key, strict
from pulumi_gitlab_runner.spec.problems import Problem, form_problems, join_path

ROLE_SHOWN = ("permissions_boundary", "role_path")
"""The fields of a model with an IAM role that are shown: see `spec.declared`."""

_POLICY = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\w+=,.@/-]+", re.ASCII)
_PATH = re.compile(r"/([\x21-\x2e\x30-\x7e]+/)*")
"""The path of a role: docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html."""

_PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}|\*):(role|user)/[\w+=,.@/*?-]+", re.ASCII)


@strict
class RoleDeclaration(TypedDict):
    """An IAM role."""

    permissions_boundary: NotRequired[Input[str]]
    """The ARN of the role's permissions boundary. Default: none."""
    role_path: NotRequired[Input[str]]
    """The IAM path of the role, such as `/ci/`. Default `/`."""


def role_problems(declaration: RoleDeclaration, path: str) -> Iterator[Problem]:
    """The problems of a role's permissions boundary and path."""
    yield from check_key(declaration, "permissions_boundary", path, policy_problems)
    yield from check_key(declaration, "role_path", path, _path_problems)


def policy_problems(arn: str, path: str) -> Iterator[Problem]:
    """The problems of the ARN of a managed policy."""
    allowed = "the ARN of a policy, such as arn:aws:iam::123456789012:policy/boundary"
    return form_problems(arn, path, _POLICY, allowed)


def operators_problems(operators: Sequence[Input[str]] | None, path: str) -> Iterator[Problem]:
    """The problems of `operators`; None if not declared."""
    if operators is not None and not operators:
        yield Problem(
            path, "an empty list", "at least one role or user", "without the key, IAM policies alone decide"
        )
    allowed = "the ARN of a role or user, such as arn:aws:iam::123456789012:role/ci-deploy"
    fix = "not that of a session, arn:aws:sts::…: name its role"
    for index, operator in enumerate(operators or ()):
        yield from check(operator, form_problems, join_path(path, index), _PRINCIPAL, allowed, fix)


def _path_problems(role_path: str, path: str) -> Iterator[Problem]:
    if not _PATH.fullmatch(role_path) or len(role_path) > 512:
        yield Problem(
            path,
            repr(role_path),
            "a path that starts and ends with '/', such as /ci/runners/, of 512 characters at most",
        )
