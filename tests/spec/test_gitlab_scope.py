"""Groups, projects and the instance: which numbers they have, and how they are named."""

from typing import Any

import pytest
from pulumi_gitlab_runner.spec.gitlab_scope import GitLabScope, parse_scope, scope_problems

from tests.spec.declaration import output

ONE = "exactly one of 'group', 'project' and 'instance: true'"
LARGEST = 9_223_372_036_854_775_807  # of PostgreSQL's bigint


def found(declared: Any) -> list[tuple[str, str, str]]:
    """The problems of a scope."""
    return [(each.path, each.found, each.allowed) for each in scope_problems(declared, "at")]


@pytest.mark.parametrize("kind", ["group", "project"])
@pytest.mark.parametrize("number", [1, LARGEST])
def test_valid_numbers(kind: str, number: int) -> None:
    assert found({kind: number}) == []
    assert parse_scope({kind: number}) == GitLabScope(kind, number)  # type: ignore[misc]


@pytest.mark.parametrize("kind", ["group", "project"])
@pytest.mark.parametrize("number", [0, -1, LARGEST + 1])
def test_invalid_numbers_are_refused(kind: str, number: int) -> None:
    assert found({kind: number}) == [(f"at.{kind}", str(number), f"the {kind}'s ID in GitLab")]


@pytest.mark.parametrize(
    ("declared", "given"),
    [
        ({}, "no group, project or instance"),
        ({"group": 1, "project": 1}, "group, project"),
        ({"group": 1, "instance": True}, "group, instance"),
        ({"project": 1, "instance": True}, "project, instance"),
        ({"instance": False}, "instance"),
    ],
)
def test_a_scope_is_a_group_a_project_or_the_instance(declared: Any, given: str) -> None:
    assert found(declared) == [("at", given, ONE)]


def test_the_instance() -> None:
    assert found({"instance": True}) == []
    assert parse_scope({"instance": True}) == GitLabScope("instance", None)


@pytest.mark.parametrize(
    ("scope", "label"),
    [
        (GitLabScope("group", 42), "group 42"),
        (GitLabScope("project", 7), "project 7"),
        (GitLabScope("project", output()), "project"),
        (GitLabScope("instance"), "instance"),
    ],
)
def test_the_name_of_a_scope(scope: GitLabScope, label: str) -> None:
    assert scope.label == label
