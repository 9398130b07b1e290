"""Where in GitLab something belongs: a group, a project, or the whole instance."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from pulumi_gitlab_runner.spec.problems import Problem, join_path, listed


@with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))
class ScopeDeclaration(TypedDict):
    """Exactly one of a group, a project and the instance."""

    group: NotRequired[int]
    """The group's number, as its page in GitLab shows."""
    project: NotRequired[int]
    """The project's number, as its page in GitLab shows."""
    instance: NotRequired[bool]
    """True for the whole instance; needs an administrator's token."""


@dataclass(frozen=True)
class GitLabScope:
    """A group, a project (with its number) or the instance (without one)."""

    kind: str
    number: int | None = None

    def __str__(self) -> str:
        return self.kind if self.number is None else f"{self.kind} {self.number}"


def build_scope(declaration: ScopeDeclaration) -> GitLabScope:
    """The scope that a declaration without problems names."""
    if "group" in declaration:
        return GitLabScope("group", declaration["group"])
    if "project" in declaration:
        return GitLabScope("project", declaration["project"])
    return GitLabScope("instance")


def scope_problems(declaration: ScopeDeclaration, path: str) -> Iterator[Problem]:
    """What is wrong with a scope."""
    given = [kind for kind in ("group", "project", "instance") if kind in declaration]
    if len(given) != 1 or declaration.get("instance") is False:
        yield Problem(
            path,
            listed(given, "no group, project or instance"),
            "exactly one of 'group', 'project' and 'instance: true'",
        )
    for kind, number in (("group", declaration.get("group", 1)), ("project", declaration.get("project", 1))):
        if number < 1:
            yield Problem(join_path(path, kind), str(number), f"the {kind}'s number in GitLab")
