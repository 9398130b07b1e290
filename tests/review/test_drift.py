"""`runner-drift`, as a scheduled pipeline calls it."""

from pathlib import Path

import pytest
from pulumi_gitlab_runner.review.drift_command import main

from tests.review.previews import VARIABLE, step, text

RUNNER = "gitlab:index/userRunner:UserRunner"
CLEAN = text(step("refresh", RUNNER, "build", {}, {}))
DRIFTED = text(
    step("refresh", RUNNER, "kept", {}, {}),
    step(
        "update",
        RUNNER,
        "bu\x1bild",
        {"tagLists": ["a"]},
        {"tagLists": ["hunter2"]},
        diffReasons=["tagLists"],
    ),
    step("delete", VARIABLE, "region", {"value": "hunter2"}),
)
FAILED = text(messages=(("error", "no credentials: hunter2hunter2"),))


@pytest.mark.parametrize(
    ("written", "status", "code", "output"),
    [
        (CLEAN, 0, 0, "No drift: the resources of prod match its state.\n"),
        (DRIFTED, 7, 1, f"  {VARIABLE} region: deleted outside Pulumi\n  {RUNNER} bu\ufffdild: tagLists\n"),
        (CLEAN, 255, 2, ""),
        (FAILED, 1, 2, ""),
        ("", 255, 2, ""),
    ],
)
def test_drifted_resources_are_named_without_values(
    written: str,
    status: int,
    code: int,
    output: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", "hunter2hunter2")
    file = tmp_path / "drift.json"
    file.write_text(written)
    assert main([str(file), "--stack", "prod", "--status", str(status)]) == code
    printed = capsys.readouterr()
    assert output in printed.out
    assert ("the refresh failed" in printed.err) == (code == 2)
    assert "hunter2" not in printed.out + printed.err


def test_wrong_usage_and_a_missing_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["missing.json", "--stack", "prod"]) == 2
    assert main(["missing.json"]) == 2
    assert "Traceback" not in capsys.readouterr().err
