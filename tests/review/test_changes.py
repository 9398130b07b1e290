"""Each kind of change to a small stack, and to one of thirteen runners, in the exact words of the note."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi_gitlab_runner.review.dangers import dangers
from pulumi_gitlab_runner.review.dangers.danger import NOT_KNOWN, is_known
from pulumi_gitlab_runner.review.note import note

from tests.components.everything import declaration as everything
from tests.review.stacks import Resources, first_preview_of, preview_of, state_of

CANARY = "canary-of-a-password-1234"
HOST = {"concurrent": 4, "egress": [{"cidr": "10.0.0.0/8", "from_port": 443}]}
BUILD = {"group": 42, "tags": ["docker"], "registries": ["team"], "protected": True, "host": HOST}
BURST = {
    "group": 42,
    "tags": ["burst"],
    "fleet": {"instance_types": ["c7i.large"], "max_instances": 10},
}
VISIBLE_LINES = 60

Declared = dict[str, Any]


def stack(runners: dict[str, Any]) -> Declared:
    return json.loads(  # a deep copy: each runner has its own declaration
        json.dumps(
            {
                "gitlab_url": "https://gitlab.example.com",
                "registries": {
                    "team": {"ecr": {}, "repositories": ["base"]},
                    "shared": {"ecr": {"account": "210987654321"}, "repositories": ["tools"]},
                    "legacy": {
                        "host": "registry.example.com",
                        "static": {"username": "user", "password": CANARY},
                    },
                },
                "runners": runners,
                "variables": [
                    {"group": 42, "key": "KEY", "value": CANARY, "protected": True, "masked": True}
                ],
            }
        )
    )


def small_stack() -> Declared:
    return stack({"build": BUILD, "burst": BURST})


def large_stack() -> Declared:
    others = {f"runner-{number}": BUILD for number in range(11)}
    return stack({"build": BUILD, "burst": BURST, **others})


def added(stack: Declared) -> None:
    stack["runners"]["fresh"] = {"project": 7, "registries": ["legacy"], "host": {}}


def removed(stack: Declared) -> None:
    del stack["runners"]["burst"]


def renamed(stack: Declared) -> None:
    stack["runners"]["builder"] = {**stack["runners"].pop("build"), "renamed_from": "build"}


def moved(stack: Declared) -> None:
    stack["runners"]["burst"]["group"] = 43


def privileged(stack: Declared) -> None:
    stack["runners"]["build"]["config"] = {"docker": {"privileged": True}}


def given_a_registry(stack: Declared) -> None:
    stack["runners"]["build"]["registries"] = ["team", "shared", "legacy"]


def given_a_repository(stack: Declared) -> None:
    stack["registries"]["team"]["repositories"] = ["base", "app"]


def variable_unprotected(stack: Declared) -> None:
    stack["variables"][0]["protected"] = False


def fleet_grown(stack: Declared) -> None:
    stack["runners"]["burst"]["fleet"]["max_instances"] = 30


def network_opened(stack: Declared) -> None:
    stack["runners"]["build"]["host"]["egress"] = [{"cidr": "0.0.0.0/0", "from_port": 443}]


CHANGES = (
    added,
    removed,
    renamed,
    moved,
    privileged,
    given_a_registry,
    given_a_repository,
    variable_unprotected,
    fleet_grown,
    network_opened,
)


def expected_lines(case: str) -> list[str]:
    """The expected lines of the note, from `words.md`."""
    sections = (Path(__file__).parent / "words.md").read_text().split("\n## ")
    found = {title: text for title, _, text in (each.partition("\n") for each in sections)}
    return found[case].strip().splitlines()


@pytest.fixture(scope="module")
def small_state() -> Resources:
    return state_of(small_stack())


@pytest.fixture(scope="module")
def large_state() -> Resources:
    return state_of(large_stack())


def reported_lines(written: str) -> list[str]:
    """The lines before the counts, without those of rights, which `test_rights.py` tests."""
    lines, kind = [], ""
    for line in written[: written.index("**Counts:")].splitlines():
        kind = line if line.startswith("**") else kind
        if line.startswith(("- ", "**")) and kind != "**⚠ Additional permissions**":
            lines.append(line)
    return lines


def visible(written: str) -> list[str]:
    """The lines outside collapsed sections, with those of the picture's source."""
    return re.sub(r"<details>.*?</details>", "", written, flags=re.DOTALL).splitlines()


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_each_change_of_a_small_stack(change: Callable[[Declared], None], small_state: Resources) -> None:
    declared = small_stack()
    change(declared)
    written = note(preview_of(small_state, declared), "prod")
    assert reported_lines(written) == expected_lines(change.__name__)
    assert "does not show" not in written
    assert CANARY not in written


def test_a_first_deployment_has_no_unknown_danger() -> None:
    preview = first_preview_of(everything())
    assert [danger for danger in dangers(preview) if not is_known(danger.phrases)] == []
    assert NOT_KNOWN not in note(preview, "prod")


def test_all_changes_of_a_large_stack_together(large_state: Resources) -> None:
    declared = large_stack()
    for change in CHANGES:
        if change not in (removed, renamed):
            change(declared)
    declared["runners"]["builder"] = {**declared["runners"].pop("runner-5"), "renamed_from": "runner-5"}
    del declared["runners"]["runner-9"]
    written = note(preview_of(large_state, declared), "prod")
    assert reported_lines(written) == expected_lines("all of thirteen")
    assert "does not show" not in written
    assert CANARY not in written


def test_twelve_new_runners_are_few_lines_and_the_privileged_one_comes_first(large_state: Resources) -> None:
    declared = large_stack()
    for number in range(11, 23):
        declared["runners"][f"runner-{number}"] = {**BUILD, "tags": ["extra"]}
    declared["runners"]["runner-17"]["config"] = {"docker": {"privileged": True}}
    written = note(preview_of(large_state, declared), "prod")
    assert reported_lines(written) == expected_lines("twelve new of thirteen")
    assert len(visible(written)) <= VISIBLE_LINES


def test_an_equal_change_of_all_hosts_is_one_line(large_state: Resources) -> None:
    declared = large_stack()
    given_a_repository(declared)
    written = note(preview_of(large_state, declared), "prod")
    hosts = "`ci-build`, `ci-runner-0` to `ci-runner-10`"
    assert f"- host {hosts}: `registries.team.repositories`: added `app`" in reported_lines(written)
    assert len(visible(written)) <= VISIBLE_LINES
