"""Where in GitLab something belongs: a group, a project, or the whole instance."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NotRequired

from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.inputs import Deferred, IdInput, Value, check, is_known, known, number, strict
from pulumi_gitlab_runner.spec.problems import Problem, join_path, listed

LARGEST_ID = 2**63 - 1
"""GitLab's numbers are columns of the type bigint."""


@strict
class ScopeDeclaration(TypedDict):
    """Exactly one of a group, a project and the instance."""

    group: NotRequired[IdInput]
    """The group's number, as its page in GitLab shows."""
    project: NotRequired[IdInput]
    """The project's number, as its page in GitLab shows."""
    instance: NotRequired[bool]
    """True for the whole instance; needs an administrator's token."""


@dataclass(frozen=True)
class GitLabScope:
    """A group, a project (with its number) or the instance (without one)."""

    kind: str
    number: Value[int] | None = None

    def __str__(self) -> str:
        return self.kind if self.number is None else f"{self.kind} {known(self.number)}"

    @property
    def label(self) -> str:
        """Its name in the names of resources: `group 42`, or `group` while its number is not known."""
        return str(self) if self.number is None or is_known(self.number) else self.kind


def parse_scope(declaration: ScopeDeclaration) -> GitLabScope:
    """The scope that a declaration without problems names."""
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
    """The problems of the number of a group or project.

    Args:
        declared: the number.
        path: its place in the declaration.
        kind: `group` or `project`.
    """

    def problems(found: int) -> Iterator[Problem]:
        if not 1 <= found <= LARGEST_ID:
            yield Problem(path, str(found), f"the {kind}'s number in GitLab")

    return check(number(declared), problems)
