"""The line of each kind of change to a declaration."""

from typing import Any

import pytest
from pulumi_gitlab_runner.review.declared_changes import declared_changes

from tests.review.previews import UNKNOWN, preview, step

RUNNER, HOST = "gitlab-runner:index:RunnerRegistration", "gitlab-runner:index:RunnerHost"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "canary"}


def changes(before: Any, after: Any, kind: str = RUNNER, operation: str = "update") -> list[str]:
    states = [None if each is None else {"declared": each} for each in (before, after)]
    return declared_changes(preview(step(operation, kind, "ci-build", *states)))


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2.0}, ["`a` `1` → `2`"]),
        ({"a": 0.5}, {"a": 12345678.0}, ["`a` `0.5` → `12345678`"]),
        ({"a": {"b": 1}}, {"a": 5}, ["`a` `b 1` → `5`"]),
        ({"a": 5}, {"a": {"b": 1}}, ["`a` `5` → `b 1`"]),
        ({"a": 1}, {"a": {}}, ["`a` `1` → `{}`"]),
        ({"a": [1]}, {"a": "x"}, ["`a` `1` → `x`"]),
        ({"a": [1, 2]}, {"a": [2, 1]}, ["`a`: order changed"]),
        ({"a": [1, 2]}, {"a": [2, 3, 4]}, ["`a`: added `3`, `4`", "`a`: removed `1`"]),
        ({"a": [{"y": 1, "x": 2}]}, {"a": []}, ["`a`: removed `x 2, y 1`"]),
        ({}, {"a": "x"}, ["`a` added: `x`"]),
        ({}, {"a": {}}, []),
        ({}, {"a": {"b": 1, "c": {}}}, ["`a.b` added: `1`", "`a.c` added"]),
        ({"a": {"c": 1}}, {"a": {"c": 1, "b": {}}}, ["`a.b` added"]),
        ({"a": {"c": 1}}, {"a": {"c": 1, "b": {"d": True, "e": []}}}, ["`a.b` added: `d` `true`"]),
        ({"a": {"b": 1}, "c": 2}, {}, ["`a` removed", "`c` removed, was `2`"]),
        ({"a": {"b": 1}}, {"a": {}}, ["`a.b` removed, was `1`"]),
        ({"a": 1}, {"a": UNKNOWN}, ["`a` `1` → known after the update"]),
        ({"a": SECRET}, {"a": False}, ["`a` a secret → `false`"]),
        ({"runners": {"a": {"t": 1}}}, {"runners": {"b": {"t": 1}}}, ["runner `a` renamed to `b`"]),
        (
            {"runners": {"a": {"t": 1}}},
            {"runners": {"b": {"t": 2}}},
            ["`runners.b` added: `t` `2`", "`runners.a` removed"],
        ),
        (None, {"a": 1}, []),
    ],
)
def test_each_difference(before: Any, after: Any, lines: list[str]) -> None:
    assert changes(before, after) == [f"runner `ci-build`: {each}" for each in lines]


@pytest.mark.parametrize(("count", "more"), [(12, ""), (13, " and 1 more")])
def test_a_long_list_is_cut(count: int, more: str) -> None:
    shown = ", ".join(f"`{number}`" for number in range(12))
    assert changes({"a": []}, {"a": list(range(count))}) == [f"runner `ci-build`: `a`: added {shown}{more}"]


def test_lines_are_sorted_by_kind_and_name() -> None:
    created = [
        step("create", f"gitlab-runner:index:{kind}", name, None, {"declared": {"group": number}})
        for number, (kind, name) in enumerate(
            [
                ("CiVariables", "ci-c"),
                ("RunnerHost", "ci-2"),
                ("RunnerHost", "ci-10"),
                ("DockerRunnerHost", "ci-a"),
                ("EcrRepositories", "ci-b"),
                ("RunnerFleet", "ci-3"),
                ("RunnerHost", "ci-1"),
                ("RunnerRegistration", "ci-z"),
            ]
        )
    ]
    for steps in (created, created[::-1]):
        assert [line.partition(":")[0] for line in declared_changes(preview(*steps))] == [
            "runner `ci-z`",
            "fleet `ci-3`",
            "host `ci-1`",
            "host `ci-2`",
            "host `ci-10`",
            "Docker host `ci-a`",
            "ECR registry `ci-b`",
            "CI variables `ci-c`",
        ]


def test_a_managers_role_is_not_shown_beside_its_host() -> None:
    role = "gitlab-runner:index:RunnerManagerRole"
    made = step("create", role, "ci-build", None, {"declared": {"a": 1}})
    assert declared_changes(preview(made)) == ["runner manager role `ci-build`: added: `a` `1`"]
    for kind in ("RunnerHost", "RunnerFleet", "DockerRunnerHost"):
        urn = f"urn:pulumi:prod::ci::gitlab-runner:index:{kind}${role}::ci-build"
        assert declared_changes(preview({**made, "urn": urn})) == []


def test_an_equal_change_of_several_hosts_is_one_line() -> None:
    names = {"ci-3": 1, "ci-2": 2, "ci-10": 1, "ci-1": 1}
    steps = [
        step("update", HOST, name, {"declared": {"concurrent": 9}}, {"declared": {"concurrent": number}})
        for name, number in names.items()
    ]
    assert declared_changes(preview(*steps)) == [
        "host `ci-1`, `ci-3`, `ci-10`: `concurrent` `9` → `1`",
        "host `ci-2`: `concurrent` `9` → `2`",
    ]


DECLARED = {
    "tags": ["b"],
    "group": 42,
    "zone": {"b": 1},
    "registries": {"x": {"authenticates": "by role"}, "y": {"n": 1}},
    "empty": {},
    "none": [],
}


@pytest.mark.parametrize(
    ("before", "after", "kind", "operation", "lines"),
    [
        (
            None,
            DECLARED,
            RUNNER,
            "create",
            [
                (
                    "runner `ci-build`: added: `group` `42`; `tags` `b`; registry `x`, authentication by "
                    "role; registry `y`; `zone.b` `1`"
                )
            ],
        ),
        (
            None,
            {"runners": {"r": {"group": 1}}, "instance": True},
            HOST,
            "create",
            ["host `ci-build`: added: `group` `1`; `instance` `true`"],
        ),
        (None, {}, HOST, "create", ["host `ci-build`: added"]),
        (None, None, HOST, "create", []),
        ({"a": 1}, None, HOST, "delete", ["host `ci-build`: removed"]),
        (None, None, HOST, "delete", []),
        ({"a": 1}, {"a": 2}, "gitlab-runner:index:MirroredImage", "update", []),
        ({"a": 1}, {"a": 2}, "aws:ecr/repository:Repository", "update", []),
    ],
)
def test_additions_and_removals(before: Any, after: Any, kind: str, operation: str, lines: list[str]) -> None:
    assert changes(before, after, kind, operation) == lines
