"""The comparison itself, without an official plugin."""

import sys
from typing import Any

import pytest

from sandbox.paths import CHECKOUT
from sandbox.standin.values import UNKNOWN
from tests.conformance import docker_cases, gitlab_cases
from tests.conformance.docker_build_cases import IMAGE, cases
from tests.conformance.plugin import Plugin, PluginError
from tests.conformance.providers import PROVIDERS
from tests.conformance.script import Case, Seen, differences, run

SERVED = {"name", "driver", "labels"}


def seen(**steps: dict[str, Any]) -> Seen:
    return Seen({"create": {"id": "4711"}, **steps})


def lines(one: Seen, other: Seen) -> list[str]:
    return list(differences(one, other, SERVED))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"outputs": {"name": "a"}}, {"outputs": {"name": "a"}}),
        ({"outputs": {"name": "a"}}, {"outputs": {"name": "a", "gateway": "10.0.0.1"}}),
        ({"outputs": {"name": "a"}}, {"outputs": {"name": "a", "driver": "", "labels": []}}),
        ({"outputs": {"labels": ["a", "b"]}}, {"outputs": {"labels": ["b", "a"]}}),
        ({"outputs": {"name": "it-0123abc"}}, {"outputs": {"name": "it-fedcba9"}}),
        ({"outputs": {"name": "sg-0123456789abcdef0"}}, {"outputs": {"name": "sg-fedcba9876543210f"}}),
        ({"outputs": {"name": '{"a": 1, "b": [2]}'}}, {"outputs": {"name": '{"b":[2],"a":1}'}}),
        ({"outputs": {"labels": [{"a": 1, "b": 2}]}}, {"outputs": {"labels": [{"b": 2, "a": 1}]}}),
        ({"outputs": {"name": UNKNOWN}}, {"outputs": {"name": UNKNOWN}}),
        ({"outputs": {"labels": {"a": "b"}}}, {"outputs": {"labels": {"a": "b", "__defaults": ["a"]}}}),
        ({"error": "no such image"}, {"error": "image not found"}),
        ({"failures": ["name: too long"]}, {"failures": ["name: at most 3"]}),
        ({"secrets": ["name"]}, {"secrets": ["name", "gateway"]}),
    ],
)
def test_equivalent_facts_are_no_difference(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert lines(seen(step=one), seen(step=other)) == []


@pytest.mark.parametrize(
    ("one", "other", "line"),
    [
        (
            {"outputs": {"name": "a"}},
            {"outputs": {"name": "b"}},
            "step: outputs.name: stand-in 'a', official 'b'",
        ),
        (
            {"outputs": {"name": '{"a": 1}'}},
            {"outputs": {"name": '{"a": 2}'}},
            "step: outputs.name: stand-in {'a': 1}, official {'a': 2}",
        ),
        (
            {"outputs": {}},
            {"outputs": {"driver": "bridge"}},
            "step: outputs.driver: stand-in None, official 'bridge'",
        ),
        (
            {"outputs": {"name": UNKNOWN}},
            {"outputs": {}},
            f"step: outputs.name: stand-in {UNKNOWN!r}, official None",
        ),
        (
            {"changes": {"name": True}},
            {"changes": {"name": False}},
            "step: changes.name: stand-in True, official False",
        ),
        ({"changes": {}}, {"changes": {"name": False}}, "step: changes.name: stand-in None, official False"),
        (
            {"deletes first": False},
            {"deletes first": True},
            "step: deletes first: stand-in False, official True",
        ),
        ({"there": False}, {"there": True}, "step: there: stand-in False, official True"),
        ({"error": "gone\n"}, {"there": True}, "step: stand-in: gone; official: no error"),
        ({"failures": []}, {"failures": ["name: bad"]}, "step: failures: stand-in False, official True"),
        ({"secrets": []}, {"secrets": ["name"]}, "step: secrets: stand-in [], official ['name']"),
    ],
)
def test_a_difference_is_one_line(one: dict[str, Any], other: dict[str, Any], line: str) -> None:
    assert lines(seen(step=one), seen(step=other)) == [line]


def test_ids_may_differ() -> None:
    one = Seen(
        {
            "create": {
                "id": "0123456789abcdef",
                "outputs": {"name": "0123456789ab", "driver": "of-0123456789abcdef"},
            }
        }
    )
    other = Seen(
        {
            "create": {
                "id": "fedcba9876543210",
                "outputs": {"name": "fedcba987654", "driver": "of-fedcba9876543210"},
            }
        }
    )
    assert lines(one, other) == []


def test_a_step_that_only_one_plugin_reaches_is_a_difference() -> None:
    assert lines(seen(), seen(read={"there": True})) == ["read: there: stand-in None, official True"]


def test_a_plugin_is_driven_as_by_the_engine(tmp_path: Any) -> None:
    """A stand-in as a process; its case fails where it would need a Docker Engine."""
    command = [sys.executable, "-P", "-m", "sandbox.providers", "docker-build"]
    (image, *_) = cases(tmp_path)
    environment = {"PYTHONPATH": str(CHECKOUT), "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    with Plugin("docker-build", command, environment, {}) as plugin:
        steps = run(plugin, image).steps
        wrong = run(plugin, Case("wrong", IMAGE, {})).steps
    assert steps["check colour='red'"] == {"refused": True}
    assert steps["check"]["failures"] == []
    assert steps["check"]["secrets"] == ["secrets"]
    assert steps["preview"]["outputs"]["digest"] is UNKNOWN
    assert "error" in steps["create"]
    assert "read" not in steps
    assert [each.partition(":")[0] for each in wrong["check"]["failures"]]


def test_a_case_whose_check_ends_in_an_error_has_no_further_steps() -> None:
    class Refusing:
        def check(self, token: str, inputs: object) -> object:
            raise PluginError(f"unknown resource type {token}")

    seen = run(Refusing(), Case("gone", "docker:index/gone:Gone", {}))  # type: ignore[arg-type]
    assert seen.steps == {"check": {"error": "unknown resource type docker:index/gone:Gone"}}


@pytest.mark.parametrize(("provider", "module"), [("docker", docker_cases), ("gitlab", gitlab_cases)])
def test_each_case_is_of_a_type_that_the_stand_in_serves(provider: str, module: Any) -> None:
    assert [case.name for case in module.CASES if not PROVIDERS[provider].served(case.token)] == []
