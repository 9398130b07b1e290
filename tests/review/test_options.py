"""The options of the commands for pipelines, which `templates/stack.yml` and users' pipelines use."""

import pytest
from pulumi_gitlab_runner.review import command_line, deploy_command, drift_command

from tests.options import options_of


def test_options_of_runner_review() -> None:
    assert options_of(command_line.argument_parser()) == [
        "[FILE] = -",
        "[--version] = ==SUPPRESS==",
        "--stack TEXT",
        "[--note FILE]",
        "[--terraform-report FILE]",
        "[--code-quality FILE]",
        "[--stack-file FILE]",
        "[--status TEXT]",
        "[--problem FILE]",
        "[--post]",
        "[--token-variable NAME] = REVIEW_TOKEN",
        "[--outdate]",
        "[--marker]",
    ]


def test_options_of_runner_deploy() -> None:
    assert options_of(deploy_command.argument_parser()) == [
        "[--version] = ==SUPPRESS==",
        "[--preview-job NAME]",
        "[--plan FILE]",
        "[--token-variable NAME] = REVIEW_TOKEN",
    ]


def test_options_of_runner_drift() -> None:
    assert options_of(drift_command.argument_parser()) == [
        "FILE",
        "[--version] = ==SUPPRESS==",
        "--stack TEXT",
        "[--status TEXT]",
        "[--issue]",
        "[--label NAME] = drift",
        "[--token-variable NAME] = REVIEW_TOKEN",
    ]


@pytest.mark.parametrize(
    ("command", "arguments", "status"),
    [
        (command_line, ["--stack", "prod", "--status", "six"], 2),
        (command_line, ["--version"], 0),
        (drift_command, ["file", "--stack", "prod", "--status", "six"], 2),
        (deploy_command, ["--plan", "file", "--preview-job", "preview"], 2),
        (deploy_command, [], 2),
        (deploy_command, ["--help"], 0),
        (drift_command, ["--help"], 0),
        (command_line, ["--help"], 0),
    ],
)
def test_the_exit_status_of_wrong_usage_and_of_help(
    command: object, arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == status  # type: ignore[attr-defined]
    printed = capsys.readouterr()
    assert bool(printed.err) == bool(status)
    if arguments == ["--help"]:
        assert "Exit status: 0 " in printed.out
