"""`runner-review`, as a pipeline calls it."""

import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pulumi_gitlab_runner.review.command_line import main
from pulumi_gitlab_runner.review.deploy_command import main as deploy
from pulumi_gitlab_runner.review.drift_command import main as drift
from pulumi_gitlab_runner.review.note import marker

from tests.review.gitlab_server import gitlab
from tests.review.previews import step, text

PREVIEW = text(step("create", "aws:kms/key:Key", "ké", new={"enableKeyRotation": True}))


def test_the_note_and_the_report_are_written(tmp_path: Path) -> None:
    given, note, report = (tmp_path / name for name in ("preview.json", "note.md", "report.json"))
    given.write_text(PREVIEW)
    assert main([str(given), "--stack", "prod", "--note", str(note), "--terraform-report", str(report)]) == 0
    assert "+ create aws:kms/key:Key ké" in note.read_text(encoding="utf-8")
    assert json.loads(report.read_text()) == {"create": 1, "update": 0, "delete": 0}


def test_the_command_reads_standard_input_and_writes_standard_output(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PREVIEW.encode())))
    assert main(["--stack", "prod"]) == 0
    sys.stdout.flush()
    assert capfdbinary.readouterr().out.decode().startswith(marker("prod"))


def test_the_marker_is_printed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stack", "prod", "--marker"]) == 0
    assert capsys.readouterr().out == marker("prod") + "\n"


@pytest.mark.parametrize(
    ("command", "name"), [(main, "runner-review"), (drift, "runner-drift"), (deploy, "runner-deploy")]
)
def test_each_command_prints_its_version(
    command: Callable[[list[str]], int], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["--version"]) == 0
    assert re.fullmatch(rf"{name} \d+\.\d+\.\d+\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.json", "--stack", "prod"], "runner-review: missing.json: no such file or directory\n"),
        (["wrong.json", "--stack", "prod"], "runner-review: The preview cannot be parsed"),
        (["wrong.json"], "the following arguments are required: --stack"),
    ],
)
def test_wrong_usage_is_reported_in_one_message(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wrong.json").write_text("hunter2")
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "hunter2" not in error
    assert "Traceback" not in error


def set_variables(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_a_failed_preview_writes_its_error_to_the_note_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_variables(monkeypatch, GITLAB_TOKEN="hunter2hunter2")
    given, problem, note, report = (tmp_path / name for name in ("preview", "problem", "note", "report"))
    given.write_text("")
    problem.write_text("error: no stack named 'prod' found, hunter2hunter2\n")
    failed = [
        "--status",
        "6",
        "--problem",
        str(problem),
        "--note",
        str(note),
        "--terraform-report",
        str(report),
    ]
    assert main([str(given), "--stack", "prod", *failed]) == 1
    assert "The preview failed" in note.read_text()
    output = note.read_text() + capsys.readouterr().err
    assert output.count("no stack named 'prod' found, [secret]") == 2
    assert "hunter2" not in output
    assert not report.exists()


def test_the_pipeline_of_a_fork_has_its_own_exit_status_and_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("REVIEW_TOKEN", raising=False)
    set_variables(
        monkeypatch,
        CI_API_V4_URL="http://127.0.0.1:1",
        CI_PROJECT_ID="99",
        CI_MERGE_REQUEST_PROJECT_ID="7",
        CI_MERGE_REQUEST_IID="1",
    )
    given, note = tmp_path / "preview", tmp_path / "note"
    given.write_text("")
    assert main([str(given), "--stack", "prod", "--status", "255", "--note", str(note), "--post"]) == 3
    assert "This is the pipeline of a fork" in note.read_text()
    error = capsys.readouterr().err
    assert "no note on the merge request" in error
    assert "This is the pipeline of a fork" in error


@pytest.mark.parametrize(("status", "code"), [("0", 3), ("1", 1)])
def test_a_missing_token_does_not_hide_a_failure(
    status: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REVIEW_TOKEN", raising=False)
    set_variables(
        monkeypatch,
        CI_API_V4_URL="http://127.0.0.1:1",
        CI_PROJECT_ID="7",
        CI_MERGE_REQUEST_PROJECT_ID="7",
        CI_MERGE_REQUEST_IID="1",
    )
    given, note = tmp_path / "preview", tmp_path / "note"
    given.write_text(PREVIEW)
    assert main([str(given), "--stack", "prod", "--status", status, "--note", str(note), "--post"]) == code
    assert note.read_text(encoding="utf-8").startswith(marker("prod"))


@pytest.mark.parametrize("commits", [0, 2])
def test_the_note_says_how_far_the_branch_is_behind(
    commits: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, note = tmp_path / "preview.json", tmp_path / "note.md"
    given.write_text(PREVIEW)
    with gitlab() as double:
        double.merge_request.diverged_commits = commits
        for name, value in double.environment().items():
            monkeypatch.setenv(name, value)
        assert main([str(given), "--stack", "prod", "--note", str(note), "--post"]) == 0
        (posted,) = double.merge_request.notes
    assert posted.body == note.read_text(encoding="utf-8")
    assert ("the branch is 2 commits behind `main`" in posted.body) == bool(commits)


def written(arguments: list[str], preview: str, directory: Path) -> tuple[int, str]:
    """The exit code of a call, and the note that it writes."""
    given, note = directory / "preview", directory / "note"
    given.write_text(preview)
    return main([str(given), "--stack", "prod", "--note", str(note), *arguments]), note.read_text("utf-8")


WHOLE_NOTE = """\
<!-- pulumi-gitlab-runner review prod -->
### Preview of `prod`

No dangers found.

**Counts:** 1 to create
- create: 1 `Key`

<details><summary>All changes</summary>

```diff
+ create aws:kms/key:Key ké
```

</details>
"""


def test_the_whole_note_of_a_preview_without_a_problem(tmp_path: Path) -> None:
    assert written([], PREVIEW, tmp_path) == (0, WHOLE_NOTE)
    (tmp_path / "problem").write_text("warning: old\n")
    assert written(["--problem", str(tmp_path / "problem")], PREVIEW, tmp_path) == (0, WHOLE_NOTE)


@pytest.mark.parametrize(
    ("preview", "problem", "shown"),
    [
        (PREVIEW, None, "| pulumi exited with 6"),
        (PREVIEW, " \n", "| pulumi exited with 6"),
        (PREVIEW, "no such stack\n", "| no such stack"),
        (text(messages=(("error", "refused"),)), "no such stack\n", "| refused"),
        (text(messages=(("warning", "old"),)), "no such stack\n", "| no such stack"),
        ("no preview", "no such stack\n", "| no such stack"),
    ],
)
def test_the_reason_of_a_failed_preview_is_shown(
    preview: str, problem: str | None, shown: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--status", "6"]
    if problem is not None:
        (tmp_path / "problem").write_text(problem)
        options += ["--problem", str(tmp_path / "problem")]
    status, note = written(options, preview, tmp_path)
    assert status == 1
    assert note.startswith(
        "<!-- pulumi-gitlab-runner review prod -->\n### Preview of `prod`\n\n"
        f"**The preview failed; the note may be incomplete.**\n\n```text\n{shown}\n```\n"
    )
    assert capsys.readouterr().err == f"runner-review: {shown.removeprefix('| ')}\n"


@pytest.mark.parametrize(
    ("options", "stack", "project", "path"),
    [
        ([], "prod", "", "stacks/Pulumi.prod.yaml"),
        ([], "org/ci/dev", "", "stacks/Pulumi.dev.yaml"),
        ([], "", "", "stacks/Pulumi.prod.yaml"),
        (["--stack-file", "own.yaml"], "dev", "", "own.yaml"),
        ([], "prod", "..", "DIRECTORY/stacks/Pulumi.prod.yaml"),
        ([], "prod", "elsewhere", "stacks/Pulumi.prod.yaml"),
    ],
)
def test_the_report_names_the_stack_file(
    options: list[str],
    stack: str,
    project: str,
    path: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI_PROJECT_DIR", raising=False)
    set_variables(monkeypatch, PULUMI_STACK=stack)
    if project:
        set_variables(monkeypatch, CI_PROJECT_DIR=str((tmp_path / project).resolve()))
    Path("Pulumi.yaml").write_text("{name: ci, runtime: python, stackConfigDir: stacks}")
    lost = text(step("delete", "aws:ecr/repository:Repository", "ci-team/base", old={}))
    quality = tmp_path / "quality.json"
    assert written([*options, "--code-quality", str(quality)], lost, tmp_path)[0] == 0
    (finding,) = json.loads(quality.read_text())
    assert finding["location"] == {
        "path": path.replace("DIRECTORY", tmp_path.name),
        "lines": {"begin": 1},
    }
    quality.unlink()
    assert written([*options, "--status", "6", "--code-quality", str(quality)], lost, tmp_path)[0] == 1
    assert not quality.exists()


def test_an_output_that_cannot_be_written_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "preview").write_text(PREVIEW)
    assert main([str(tmp_path / "preview"), "--stack", "prod", "--note", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"runner-review: {tmp_path}: is a directory\n"


def test_a_note_that_gitlab_refuses_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with gitlab() as double:
        set_variables(monkeypatch, **double.environment(REVIEW_TOKEN="another-token"))
        status, note = written(["--post"], PREVIEW, tmp_path)
        assert double.merge_request.notes == []
    assert (status, note) == (1, WHOLE_NOTE)
    assert "GitLab answered 401" in capsys.readouterr().err
