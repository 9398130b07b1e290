"""What follows from a declaration, checked as its runner would read it, and told at its place there."""

from typing import Any

import pytest
from pulumi_gitlab_runner.config import Finding, Severity
from pulumi_gitlab_runner.host.check import check_manager_configs, declared_place
from pulumi_gitlab_runner.spec import build_stack

from tests.spec.declaration import changed, declaration


def findings(declared: Any) -> list[Finding]:
    """What is told of a declaration."""
    return check_manager_configs(build_stack(declared))


def sharing(**second: Any) -> Any:
    """The good declaration, with a second runner on the host of the first."""
    registries = declaration()["runners"]["build"]["registries"]
    return changed("runners/second", {"group": 42, "host_of": "build", "registries": registries, **second})


def test_there_is_nothing_to_tell_of_a_good_declaration() -> None:
    assert findings(declaration()) == []
    assert findings(sharing()) == []


def test_jobs_can_pull_from_the_registries_of_a_runner_that_shares_the_manager() -> None:
    (found,) = findings(sharing(registries=["team"]))
    assert found == Finding(
        Severity.WARNING,
        "stack.runners.second.registries",
        "its jobs can also pull from shared, legacy: a manager pulls with one identity for all of its "
        "runners, here build, second",
        "give the runner a host of its own, unless its jobs may read these",
    )


def test_a_limit_above_that_of_the_host() -> None:
    (found,) = findings(sharing(limit=5))
    assert (found.severity, found.path) == (Severity.WARNING, "stack.runners.second.limit")


def test_less_jobs_than_runners() -> None:
    declared = sharing(limit=1)
    declared["runners"]["build"]["host"]["concurrent"] = 1
    (found,) = findings(declared)
    assert (found.severity, found.path) == (Severity.WARNING, "stack.runners.build.host.concurrent")


@pytest.mark.parametrize(
    ("place", "declared"),
    [
        ("concurrent", "stack.runners.build.host.concurrent"),
        ("runners[0]", "stack.runners.build"),
        ("runners[0].limit", "stack.runners.build.limit"),
        ("runners[1].docker.image", "stack.runners.second.image"),
        ("runners[1].docker.services[2].name", "stack.runners.second.services[2].name"),
    ],
)
def test_the_place_in_the_declaration(place: str, declared: str) -> None:
    manager = build_stack(sharing()).managers["build"]
    assert declared_place(place, manager, "stack.runners") == declared
