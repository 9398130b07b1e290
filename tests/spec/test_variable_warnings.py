"""Warnings about CI variables and the runners of the same stack."""

from typing import Any

import pytest
from pulumi_gitlab_runner.config.finding import Finding, Severity
from pulumi_gitlab_runner.spec import parse_stack
from pulumi_gitlab_runner.spec.variable_warnings import variable_warnings

from tests.spec.declaration import changed, declaration

WRITTEN = {"key": "DOCKER_AUTH_CONFIG", "value": '{"auths": {}}'}


def warnings(declared: Any) -> list[Finding]:
    """The warnings of a declaration."""
    return list(variable_warnings(parse_stack(declared)))


def beside(variable: dict[str, Any], **runner: Any) -> Any:
    """The good declaration with one variable, and a runner that uses the registries team and legacy."""
    declared = changed("variables", [variable])
    declared["runners"]["build"] = {"host": {}, "registries": ["team", "legacy"], **runner}
    # Its password may also be in a variable.
    declared["registries"]["hub"] = {**declared["registries"]["legacy"], "host": "hub.example.com"}
    return declared


def test_a_good_declaration_gives_no_warning() -> None:
    assert warnings(declaration()) == []


def test_a_docker_auth_hides_the_credentials_of_a_runner() -> None:
    assert warnings(beside({"group": 42, "docker_auth": ["legacy"]}, group=42)) == [
        Finding(
            Severity.WARNING,
            "stack.variables[0].docker_auth",
            "jobs on the runner 'build' pull from legacy with these credentials, which every job can read, "
            "and not with the runner's own",
            "remove the registries that the runner uses",
        )
    ]


def test_a_written_docker_auth_config_may_hide_the_credentials_of_a_runner() -> None:
    assert warnings(beside({"group": 42, **WRITTEN}, group=42)) == [
        Finding(
            Severity.WARNING,
            "stack.variables[0].value",
            "jobs on the runner 'build' pull with these credentials, and not with the runner's own, from the "
            "host of team, legacy if the value contains it",
            "remove the hosts of the runner's registries",
        )
    ]


@pytest.mark.parametrize("variable", [{"docker_auth": ["legacy"]}, WRITTEN], ids=["docker_auth", "value"])
@pytest.mark.parametrize(
    ("of_variable", "of_runner", "warned"),
    [
        ({"project": 7}, {"project": 7}, True),
        ({"project": 7}, {"project": 8, "other_projects": [7]}, True),
        ({"project": 7}, {"instance": True}, True),
        ({"instance": True}, {"group": 42}, True),
        ({"project": 7}, {"project": 8}, False),
        ({"group": 7}, {"project": 7}, False),
        ({"project": 7}, {"group": 42}, False),
    ],
)
def test_a_warning_needs_a_runner_that_certainly_takes_jobs_with_the_variable(
    variable: dict[str, Any], of_variable: dict[str, Any], of_runner: dict[str, Any], *, warned: bool
) -> None:
    assert bool(warnings(beside(of_variable | variable, **of_runner))) is warned


def test_a_docker_auth_under_another_name_hides_nothing() -> None:
    assert warnings(beside({"group": 42, "docker_auth": ["legacy"], "key": "PULL_AUTH"}, group=42)) == []


def test_a_runner_without_registries_has_nothing_to_hide() -> None:
    assert warnings(beside({"group": 42, **WRITTEN}, group=42, image="alpine", registries=[])) == []


def test_a_password_that_no_runner_of_the_group_needs() -> None:
    assert warnings(beside({"group": 42, "docker_auth": ["hub"]}, group=42)) == [
        Finding(
            Severity.WARNING,
            "stack.variables[0].docker_auth",
            "every job of group 42 can read the password of hub, which none of its runners here uses (build)",
            "remove it, or add it to the registries of a runner, whose jobs cannot read the password",
        )
    ]


def test_a_password_for_the_jobs_of_other_runners_is_not_needless() -> None:
    """Such as hosted ones, which the stack does not declare."""
    assert warnings(beside({"project": 7, "docker_auth": ["hub"]}, instance=True)) == []
    assert warnings(beside({"project": 7, "docker_auth": ["hub"]}, group=42)) == []
