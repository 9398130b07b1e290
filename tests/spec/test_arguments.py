"""The arguments of a single component: their problems name the places that the component's user sees."""

from typing import Any

import pytest
from pulumi_gitlab_runner.spec import DeclarationError
from pulumi_gitlab_runner.spec.arguments import stack_of_arguments
from pulumi_gitlab_runner.spec.shape import known_value

from tests.spec.declaration import output

PLACES = {"pulling.registries": "pulling.sources", "pulling.variables[0]": "pulling.variable"}


def paths(**declared: Any) -> list[str]:
    """The places of the problems of some arguments."""
    with pytest.raises(DeclarationError) as raised:
        stack_of_arguments(declared, "pulling", PLACES)
    return [each.path for each in raised.value.problems]


ECR = {"ecr": {"account": "4711"}, "repositories": ["a/b"]}


@pytest.mark.parametrize(
    ("declared", "path"),
    [
        ({"registries": {"team": ECR}}, "pulling.sources.team.ecr.account"),
        ({"registries": []}, "pulling.sources"),
        ({"variables": [{"group": 42, "key": "a b", "value": "x"}]}, "pulling.variable.key"),
        # A key that only begins like one of them keeps its place, and so does one without another place.
        ({"registries_of": {}}, "pulling.registries_of"),
        ({"runners": []}, "pulling.runners"),
    ],
)
def test_a_problem_has_the_place_of_the_argument(declared: dict[str, Any], path: str) -> None:
    assert paths(**declared) == [path]


def test_every_problem_has_its_place() -> None:
    assert paths(registries={"team": ECR, "other": ECR}) == [
        "pulling.sources.team.ecr.account",
        "pulling.sources.other.ecr.account",
        "pulling.sources.other",  # the same host twice
    ]


@pytest.mark.parametrize("listed", [False, True])
def test_a_value_that_is_known_later_also_has_its_place(listed: bool) -> None:
    later = output("pulling.sources.team.ecr.account")
    declared: dict[str, Any] = {"registries": {"team": {"ecr": {"account": later}, "repositories": ["a/b"]}}}
    if listed:
        declared = {"registries": {"team": {"ecr": {}, "repositories": ["a/b"], "allow_pull": [later]}}}
    stack_of_arguments(declared, "pulling", PLACES)
    with pytest.raises(DeclarationError) as raised:
        known_value(later, "4711")
    place = "pulling.sources.team.allow_pull[0]" if listed else "pulling.sources.team.ecr.account"
    assert [each.path for each in raised.value.problems] == [place]
    assert known_value(later, "210987654321") == "210987654321"
