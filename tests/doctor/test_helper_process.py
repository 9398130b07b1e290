"""Credential helpers as processes: bounded in time and in what they write."""

import os
import time
from pathlib import Path

import pytest
from pulumi_gitlab_runner.doctor.credential_helpers import LARGEST_OUTPUT, HelperProcess


def helper(place: Path, script: str, patience: float = 10) -> HelperProcess:
    program = place / "docker-credential-x"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return HelperProcess(str(place), {"PATH": os.environ["PATH"]}, patience)


def test_the_input_and_the_output_of_a_helper(tmp_path: Path) -> None:
    answer = helper(tmp_path, "cat; echo $1 >&2; exit 3")("docker-credential-x", "get", "host" * 50_000)
    assert (answer.exit_status, answer.output, answer.errors) == (3, "host" * 50_000, "get\n")


@pytest.mark.parametrize("where", ["1", "2"])
def test_a_helper_that_writes_without_end_is_ended(tmp_path: Path, where: str) -> None:
    answer = helper(tmp_path, f"exec cat /dev/zero >&{where}")("docker-credential-x", "get", "host")
    assert answer.exit_status != 0
    assert LARGEST_OUTPUT < len(answer.output + answer.errors) < 2 * LARGEST_OUTPUT


@pytest.mark.parametrize(
    "script",
    ["sleep 60", "exec sleep 60", "exec >&- 2>&-; exec sleep 60"],
    ids=["a child hangs", "it hangs", "it hangs after its answer"],
)
def test_a_helper_that_hangs_is_ended(tmp_path: Path, script: str) -> None:
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        helper(tmp_path, script, patience=0.3)("docker-credential-x", "get", "host")
    assert time.monotonic() - started < 5
