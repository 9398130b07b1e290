"""The scope of a runner or CI variable in GitLab: a group, a project, or the whole instance."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.inputs import Deferred, IdInput, Value, check, is_known, known, number, strict
from pulumi_gitlab_runner.spec.problems import Problem, join_path, listed

LARGEST_ID = 2**63 - 1
"""The largest ID in GitLab: IDs are columns of the type bigint."""


@strict
class ScopeDeclaration(TypedDict):
    """Exactly one of a group, a project and the instance."""

    group: NotRequired[IdInput]
    """The group ID, as shown on the group's page in GitLab."""
    project: NotRequired[IdInput]
    """The project ID, as shown on the project's page in GitLab."""
    instance: NotRequired[bool]
    """True for the whole instance; needs an administrator's token."""


@dataclass(frozen=True)
class GitLabScope:
    """A group or project, with its ID, or the instance, without an ID."""

    kind: str
    number: Value[int] | None = None

    def __str__(self) -> str:
        return self.kind if self.number is None else f"{self.kind} {known(self.number)}"

    @property
    def label(self) -> str:
        """Its part of resource names: `group 42`, or `group` if the ID is not known yet."""
        return str(self) if self.number is None or is_known(self.number) else self.kind


def parse_scope(declaration: ScopeDeclaration) -> GitLabScope:
    """The scope that a valid declaration describes."""
    if "group" in declaration:
        return GitLabScope("group", number(declaration["group"]))
    if "project" in declaration:
        return GitLabScope("project", number(declaration["project"]))
    return GitLabScope("instance")


def scope_problems(declaration: ScopeDeclaration, path: str) -> Iterator[Problem]:
    """The problems of a scope."""
    given = [kind for kind in ("group", "project", "instance") if kind in declaration]
    if len(given) != 1 or declaration.get("instance") is False:
        yield Problem(
            path,
            listed(given, "no group, project or instance"),
            "exactly one of 'group', 'project' and 'instance: true'",
        )
    yield from id_problems(declaration.get("group", 1), join_path(path, "group"), "group")
    yield from id_problems(declaration.get("project", 1), join_path(path, "project"), "project")


def id_problems(declared: IdInput | Deferred[int], path: str, kind: str) -> Iterator[Problem]:
    """The problems of the ID of a group or project.

    Args:
        declared: the ID.
        path: its path in the declaration.
        kind: `group` or `project`.
    """
    return check(number(declared), _number_problems, path, kind)


def _number_problems(found: int, path: str, kind: str) -> Iterator[Problem]:
    if not 1 <= found <= LARGEST_ID:
        yield Problem(path, str(found), f"the {kind}'s ID in GitLab")
