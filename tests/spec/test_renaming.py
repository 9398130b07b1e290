"""A runner that was renamed."""

from typing import Any

import pytest
from pulumi_gitlab_runner.spec import parse_stack

from tests.spec.declaration import declaration, problems_of

HOST = {"group": 42, "host": {}}
NAMES = "a name that no other runner has as its name or first name"


def runners(**declared: Any) -> dict[str, Any]:
    return declaration() | {"runners": declared}


def test_the_resources_of_a_renamed_runner_keep_its_first_name() -> None:
    stack = parse_stack(runners(ci={**HOST, "renamed_from": "build"}, second={"group": 42, "host_of": "ci"}))
    assert {name: each.resource_name for name, each in stack.runners.items()} == {
        "ci": "build",
        "second": "second",
    }
    assert {name: each.resource_name for name, each in stack.managers.items()} == {"ci": "build"}


def test_two_runners_may_swap_their_names() -> None:
    declared = runners(one={**HOST, "renamed_from": "two"}, two={**HOST, "renamed_from": "one"})
    assert problems_of(declared) == []


@pytest.mark.parametrize(
    ("declared", "path", "found", "allowed", "fix"),
    [
        (
            {"build": {**HOST, "renamed_from": "build"}},
            "build",
            "'build', its current name",
            "the first name of the runner",
            "leave it out",
        ),
        (
            {"ci": {**HOST, "renamed_from": "build"}, "build": HOST},
            "ci",
            "'build', which resources of stack.runners.build already use",
            NAMES,
            "rename 'build'",
        ),
        (
            {"one": {**HOST, "renamed_from": "build"}, "two": {**HOST, "renamed_from": "build"}},
            "two",
            "'build', which resources of stack.runners.one already use",
            NAMES,
            "rename 'one'",
        ),
        (
            {"ci": {**HOST, "renamed_from": "Build 1"}},
            "ci",
            "'Build 1'",
            "a name of a-z, 0-9 and '-', that starts with a letter, 32 characters at most",
            "",
        ),
    ],
    ids=["its own", "another runner's", "another one's first", "no name"],
)
def test_a_first_name_is_refused(
    declared: dict[str, Any], path: str, found: str, allowed: str, fix: str
) -> None:
    (problem,) = problems_of(runners(**declared))
    assert problem.path == f"stack.runners.{path}.renamed_from"
    assert (problem.found, problem.allowed, problem.fix) == (found, allowed, fix)


def test_an_empty_first_name_is_refused() -> None:
    (problem,) = problems_of(runners(ci={**HOST, "renamed_from": ""}))
    assert problem.path == "stack.runners.ci.renamed_from"


DOCKER = {"group": 42, "host": {"docker": {}}}
FLEET = {"group": 42, "fleet": {"instance_types": ["c7i.large"], "max_instances": 2}}


@pytest.mark.parametrize(
    ("declared", "other", "found"),
    [
        ({"build": HOST, "build-boot": HOST}, "build-boot", "'build-boot'"),
        ({"build-boot": HOST, "build": HOST}, "build-boot", "'build-boot'"),
        ({"build": HOST, "ci": {**HOST, "renamed_from": "build-boot"}}, "ci", "'build-boot'"),
        ({"build": DOCKER, "build-files": DOCKER}, "build-files", "'build-files'"),
        ({"build": FLEET, "build-boot": FLEET}, "build-boot", "'build-boot'"),
    ],
)
def test_a_name_that_a_resource_of_another_host_has_is_refused(
    declared: dict[str, Any], other: str, found: str
) -> None:
    (problem,) = problems_of(runners(**declared))
    assert problem.path == f"stack.runners.{other}"
    assert problem.found == f"{found}, which is also the name of a resource of stack.runners.build"
    assert problem.allowed == f"another name than that of 'build' with '{found.strip(chr(39))[5:]}'"


HOSTED_AUTH = {"jobs": {"projects": [7], "registries": ["team"], "gitlab_token": {"value": "glpat-canary"}}}


def with_hosted_auth(declared: dict[str, Any], **more: Any) -> dict[str, Any]:
    team = {"team": {"ecr": {}, "repositories": ["ci/base"]}}
    return {"registries": team, "runners": declared, "hosted_auth": HOSTED_AUTH, **more}


@pytest.mark.parametrize(
    ("declared", "prefix", "name"),
    [
        ({"hosted-auth": HOST}, None, "hosted-auth"),
        ({"hosted-auth": FLEET}, None, "hosted-auth"),
        ({"ci": {**HOST, "renamed_from": "hosted-auth"}}, None, "ci"),
        ({"auth": HOST}, "hosted-", "auth"),
    ],
)
def test_a_host_above_the_parameters_of_hosted_auth_is_refused(
    declared: dict[str, Any], prefix: str | None, name: str
) -> None:
    (problem,) = problems_of(with_hosted_auth(declared, **({"path_prefix": prefix} if prefix else {})))
    assert problem.path == f"stack.runners.{name}"
    assert "below whose name the parameters of 'hosted_auth' are" in problem.found
    assert problem.allowed == "another name, or another 'path_prefix'"


@pytest.mark.parametrize(
    ("declared", "prefix"),
    [
        ({"hosted-auth": DOCKER}, None),  # has no parameters
        ({"build": HOST, "hosted-auth": {"group": 42, "host_of": "build"}}, None),
        ({"new": HOST, "hosted-auth": {**HOST, "renamed_from": "build"}}, None),
        ({"hosted-auth": HOST}, "blue-"),
    ],
)
def test_a_host_beside_the_parameters_of_hosted_auth_is_accepted(
    declared: dict[str, Any], prefix: str | None
) -> None:
    assert problems_of(with_hosted_auth(declared, **({"path_prefix": prefix} if prefix else {}))) == []


def test_a_host_named_hosted_auth_is_accepted_without_hosted_auth() -> None:
    assert problems_of(runners(**{"hosted-auth": HOST})) == []


@pytest.mark.parametrize(
    "declared",
    [
        {"build": HOST, "build-files": HOST},
        {"build": HOST, "build-boot": FLEET},
        {"build": DOCKER, "build-boot": DOCKER},
        {"build": HOST, "build-boot": {"group": 42, "host_of": "build"}},
        {"build-boot": HOST, "boot": HOST},
        {"new": {**HOST, "renamed_from": "build"}, "new-boot": HOST},
    ],
)
def test_a_name_that_no_resource_has_is_accepted(declared: dict[str, Any]) -> None:
    assert problems_of(runners(**declared)) == []
