"""What is wrongly declared is told once, and nothing is created."""

from typing import Any

import pytest

from sandbox.environment import Sandbox
from tests.engine.project import Project

pytestmark = pytest.mark.engine

SAME_HOST = {"host": "registry.example.com:5000", "static": {"username": "someone", "password": "x"}}

BAD: dict[str, tuple[str, Any, list[str]]] = {
    "an unknown key": (
        "runners/build/imgae",
        "alpine",
        ["stack.runners.build.imgae", "not known here", "did you mean 'image'?"],
    ),
    "a wrong type": (
        "runners/build/host/concurrent",
        "four",
        ["stack.runners.build.host.concurrent", "'four' (text)", "a whole number"],
    ),
    "a registry that is not declared": (
        "runners/build/registries",
        ["team", "shared", "legacy", "hub"],
        ["stack.runners.build.registries[3]", "'hub'", "legacy, shared, team"],
    ),
    "credsStore": ("registries/legacy/credsStore", "ecr-login", ["stack.registries.legacy.credsStore"]),
    "an image of a registry that the runner does not use": (
        "runners/build/registries",
        ["shared", "legacy"],
        ["stack.runners.build.image", "'team/ci/base:2026.11'", "add 'team' to the runner's registries"],
    ),
    "two registries for one host": (
        "registries/mirror",
        SAME_HOST,
        ["stack.registries.mirror", "registry.example.com:5000", "one registry for each host"],
    ),
    "a masked variable that GitLab cannot mask": (
        "variables/1",
        {"group": 42, "key": "SHORT", "value": "short", "masked": True},
        ["stack.variables[1].masked", "a value that GitLab cannot mask", "8 or more characters"],
    ),
}


@pytest.fixture(scope="module")
def untouched(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A stack that was never up."""
    return Project(tmp_path_factory.mktemp("untouched") / "it", sandbox, stack="untouched")


@pytest.mark.parametrize("what", BAD)
def test_it_is_told_once_and_nothing_is_created(untouched: Project, what: str) -> None:
    path, value, told = BAD[what]
    before = untouched.what_there_is()
    with untouched.declaring(path, value):
        result = untouched.pulumi("up", "--yes", check=False)
    assert result.returncode != 0
    assert_told_once(result.stdout + result.stderr, told)
    assert untouched.what_there_is() == before


def test_this_account_named_twice_is_told_once_its_number_is_known(untouched: Project) -> None:
    before = untouched.what_there_is()
    again = {"ecr": {"account": "123456789012", "region": "eu-west-1"}, "repositories": ["other"]}
    with untouched.declaring("registries/this-account", again):
        result = untouched.pulumi("up", "--yes", check=False)
    assert result.returncode != 0
    printed = result.stdout + result.stderr
    assert "Traceback" not in printed
    assert printed.count("stack.registries.this-account") == printed.count("  found:") == 1
    assert untouched.what_there_is() == before


def assert_told_once(printed: str, told: list[str]) -> None:
    """One error, and nothing else: beside the resource's name Pulumi repeats only its first line."""
    diagnostics = printed[printed.index("Diagnostics:") :]
    assert diagnostics.count("error:") == 1
    assert "error: The declaration has a problem; nothing was created." in diagnostics
    assert printed.count("  found:") == 1
    assert "Traceback" not in printed
    assert [part for part in told if part not in diagnostics] == []
