"""Each problem of a declaration is reported once, and nothing is created."""

from contextlib import ExitStack
from typing import Any

import pytest

from sandbox.environment import Sandbox
from tests.engine.project import Project

pytestmark = pytest.mark.engine

SAME_HOST = {"host": "registry.example.com:5000", "static": {"username": "someone", "password": "x"}}

BAD: dict[str, tuple[dict[str, Any], list[str]]] = {
    "keys and types": (
        {
            "registries/legacy/credsStore": "ecr-login",
            "runners/build/host/concurrent": "four",
            "runners/build/imgae": "alpine",
        },
        [
            "stack.registries.legacy.credsStore\n",
            "stack.runners.build.host.concurrent\n",
            "'four' (text)",
            "a whole number",
            "stack.runners.build.imgae\n",
            "not known here",
            "did you mean 'image'?",
        ],
    ),
    "what does not go together": (
        {
            "registries/mirror": SAME_HOST,
            "runners/build/registries": ["shared", "legacy", "hub"],
            "variables/1": {"group": 42, "key": "SHORT", "value": "short", "masked": True},
        },
        [
            "stack.registries.mirror\n",
            "registry.example.com:5000",
            "one registry for each host",
            "stack.runners.build.image\n",
            "'team/ci/base:2026.11'",
            "add 'team' to the runner's registries",
            "stack.runners.build.registries[2]\n",
            "'hub'",
            "legacy, mirror, shared, team",
            "stack.variables[1].masked\n",
            "a value that GitLab cannot mask",
            "8 or more characters",
        ],
    ),
}
"""Declarations with several problems, and parts of the message."""


@pytest.fixture(scope="module")
def untouched(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A stack that was never deployed."""
    return Project(tmp_path_factory.mktemp("untouched") / "it", sandbox, stack="untouched")


@pytest.mark.parametrize("kind", BAD)
def test_each_problem_is_reported_once_and_nothing_is_created(untouched: Project, kind: str) -> None:
    changes, expected = BAD[kind]
    before = untouched.snapshot()
    with ExitStack() as declared:
        for path, value in changes.items():
            declared.enter_context(untouched.declaring(path, value))
        result = untouched.pulumi("up", "--yes", check=False)
    assert result.returncode != 0
    assert_reported_once(
        result.stdout + result.stderr, expected, problems=sum(part.endswith("\n") for part in expected)
    )
    assert untouched.snapshot() == before


def test_declaring_this_account_twice_is_reported_when_its_number_is_known(untouched: Project) -> None:
    before = untouched.snapshot()
    again = {"ecr": {"account": "123456789012", "region": "eu-west-1"}, "repositories": ["other"]}
    changes: dict[str, Any] = {
        "registries/this-account": again,
        # What the stack `tested` declares may exist already, which would be reported in place of the problem.
        "registries/team/repositories": {"of/this/test": {}},
        "runners/build/image": "team/of/this/test:1",
        "variables": [],
    }
    with ExitStack() as declared:
        for path, value in changes.items():
            declared.enter_context(untouched.declaring(path, value))
        result = untouched.pulumi("up", "--yes", check=False)
    assert result.returncode != 0
    printed = result.stdout + result.stderr
    assert "Traceback" not in printed
    assert printed.count("stack.registries.this-account") == printed.count("  found:") == 1
    assert untouched.snapshot() == before


def assert_reported_once(printed: str, expected: list[str], problems: int = 1) -> None:
    """Assert that there is one error: beside the resource's name, Pulumi repeats only its first line."""
    diagnostics = printed[printed.index("Diagnostics:") :]
    assert diagnostics.count("error:") == 1
    counted = "a problem" if problems == 1 else f"{problems} problems"
    assert f"error: The declaration has {counted}; nothing was created." in diagnostics
    assert printed.count("  found:") == problems
    assert "Traceback" not in printed
    assert [part for part in expected if part not in diagnostics] == []
