"""The options of the doctor's commands."""

import pytest
from pulumi_gitlab_runner.doctor.options import argument_parser

from tests.doctor.host_tree import Doctor
from tests.options import commands_of, options_of

STACK = [
    "[--stack TEXT]",
    "[--live]",
    "[--container NAME]",
    "[--stacks-dir DIR] = stacks",
    "[--account TEXT]",
]
RUNNER = [*STACK, "[--root DIR]", "[--hosted]", "[--runner NAME]", "[--runner-version VERSION]"]
VARIABLES = [
    "[--docker-auth-config TEXT|@FILE]",
    "[--variable KEY=VALUE] = []",
    "[--variables FILE]",
    "[--protected]",
]
PIPELINE = ["[--input NAME=VALUE] = []", "[--gitlab URL]", "[--project PROJECT]"]
FORMAT = ["[--format text|json] = text", "[--json]"]
FORMATS = ["[--format text|json|sarif|code-quality] = text", "[--json]"]
OPTIONS = {
    "image": ["IMAGE", *RUNNER, *VARIABLES, "[--offline]", *FORMAT],
    "job": ["FILE", "[JOB]", *RUNNER, *VARIABLES, *PIPELINE, "[--offline]", *FORMATS],
    "pin": ["FILE", "[--check]", "[--variable KEY=VALUE] = []", *PIPELINE, *FORMATS],
    "host": [
        "[--root DIR] = /",
        "[--runner NAME]",
        "[--runner-version VERSION]",
        *STACK,
        *FORMAT,
    ],
    "online": ["[FILE] = -", "[--wait SECONDS]", *FORMAT],
    "leftovers": [
        "--stack TEXT",
        "[--project TEXT]",
        "[--state FILE]",
        "[--no-state]",
        "[--region TEXT] = []",
        "[--only aws|gitlab]",
        "[--stacks-dir DIR] = stacks",
        *FORMAT,
    ],
}


@pytest.mark.parametrize("command", OPTIONS)
def test_the_options_of_each_command(command: str) -> None:
    assert options_of(commands_of(argument_parser())[command]) == OPTIONS[command]


def test_the_options_without_a_command() -> None:
    assert options_of(argument_parser()) == ["[--version]", "[--explain FINDING]", "[--completion SHELL]"]
    assert list(commands_of(argument_parser())) == list(OPTIONS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["image", "a", "--stack", "s", "--root", "/"],
        ["image", "a", "--stack", "s", "--hosted"],
        ["job", "a", "--root", "/", "--hosted"],
        ["leftovers", "--stack", "s", "--state", "f", "--no-state"],
        ["online", "--wait", "long"],
        ["leftovers", "--stack", "s", "--only", "azure"],
    ],
)
def test_conflicting_options_and_invalid_values(doctor: Doctor, arguments: list[str]) -> None:
    assert doctor.run(*arguments) == 2
    assert "not allowed with argument" in doctor.errors or "invalid" in doctor.errors


def test_the_exit_status_is_explained(doctor: Doctor) -> None:
    assert doctor.run("--help") == 0
    assert doctor.output.endswith("Exit status: 0 no findings, 1 findings, 2 a usage error.\n")
    for command in OPTIONS:
        assert f"\n    {command} " in doctor.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["image", "a", "--live"], "--live needs --stack, which selects the host"),
        (["host", "--stack", "prod"], "a host that is only declared cannot be examined: add --live"),
        (["image", "a", "--hosted", "--runner-version", "18"], "--runner-version 18: write it as 18.11.0"),
    ],
)
def test_options_that_require_another(doctor: Doctor, arguments: list[str], message: str) -> None:
    assert doctor.run(*arguments) == 2
    assert message in doctor.errors
