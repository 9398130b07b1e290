"""Wrong keys or types in a part of a declaration hide no problem of another part, and cause none."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from pulumi_gitlab_runner.spec.problems import join_path
from pulumi_gitlab_runner.spec.stack_file import parse_stack_file

from tests.spec.declaration import CHECKOUT, STACKS, changed, problems_of

EVERYTHING = CHECKOUT / "tests" / "engine" / "upgrade" / "af27e12" / "Pulumi.everything.yaml"


def paths_of(declared: Any) -> list[str]:
    return [each.path.removeprefix("stack.") for each in problems_of(declared, None)]


@pytest.mark.parametrize(
    ("broken", "value"),
    [
        ("registries/shared/ecr", True),
        ("registries/shared/regions", "us-east-1"),
        ("registries/shared", "us-east-1"),
        ("variables/0/project", "seven"),
        ("variables", {"project": 7}),
        ("runers", {}),
        ("mirrors", {"debian": 1}),
    ],
)
@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ("gitlab_url", "gitlab.example.com"),
        ("registries/legacy/host", "https://registry.example.com"),
        ("runners/build/host/concurrent", 0),
        ("runners/build/limit", 0),
        ("runners/build/tags", ["a,b"]),
        ("runners/build/config", {"cache": {"s3": {"access_key": "x"}}}),
        ("cache", {"expire_days": 0}),
        ("network", {"zones": 0}),
        ("proxy", {"http": "proxy"}),
        ("path_prefix", "Blue"),
        ("builds", {"Base": {"context": ".", "repository": "team/ci/base"}}),
    ],
)
def test_both_problems_are_in_one_message(broken: str, value: Any, wrong: str, found: Any) -> None:
    both = changed(wrong, found)
    alone = paths_of(both)
    assert alone
    *parents, key = broken.split("/")
    part: Any = both
    for parent in parents:
        part = part[int(parent) if isinstance(part, list) else parent]
    part[int(key) if isinstance(part, list) else key] = value
    shape = paths_of(changed(broken, value))
    assert len(shape) == 1
    assert paths_of(both) == [*shape, *alone]


@pytest.mark.parametrize("file", [*STACKS, EVERYTHING], ids=lambda file: file.stem)
def test_a_broken_part_has_no_other_problem(file: Path) -> None:
    """A runner may use a registry of a wrong type, since it is declared."""
    whole = parse_stack_file(file.read_text()).declaration
    assert problems_of(whole, None) == []
    for key, parts in whole.items():
        assert paths_of({**whole, key: object()}) == [key]
        for name in parts if isinstance(parts, dict) else ():
            declared = deepcopy(whole)
            declared[key][name] = object()
            assert paths_of(declared) == [join_path(key, name)]
            assert paths_of({**whole, key: {**parts, name: {"colour": 1}}})[0].startswith(
                join_path(key, name)
            )


def test_references_to_other_parts_are_checked_when_these_are_valid() -> None:
    declared = changed("runners/build/registries", ["shard"])
    assert paths_of(declared) == ["runners.build.registries[0]", "runners.build.image"]
    declared["registries"]["shared"] = {"ecr": True}
    assert paths_of(declared) == ["registries.shared.ecr"]


def test_the_other_names_of_a_mapping_are_checked() -> None:
    declared = changed("runners/second", {"group": 42, "host": {"concurrent": 0}})
    declared["runners"]["build"]["colour"] = "red"
    assert paths_of(declared) == ["runners.build.colour", "runners.second.host.concurrent"]


@pytest.mark.parametrize("declared", [None, [], "x", 1])
def test_a_declaration_that_is_not_a_mapping(declared: Any) -> None:
    assert len(problems_of(declared)) == 1
