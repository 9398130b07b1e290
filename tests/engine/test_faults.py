"""A sample of `./dev faults` that differs every day: no stack is stuck, and every leftover is reported.

`FAULTS_SEED=N` repeats a sample, `FAULTS_SAMPLE=20` sets the number of scenarios.
"""

import datetime
import os
from pathlib import Path

import pytest

from sandbox.engine.release import Engine
from sandbox.environment import Sandbox
from tests.faults.matrix import Choice, is_good, report, run
from tests.registry.fixtures import ONLY_LOOPBACK

pytestmark = pytest.mark.engine

SAMPLE = int(os.environ.get("FAULTS_SAMPLE", "1"))
"""Each takes as long as two updates and a destroy."""


def test_the_next_update_recovers_from_a_fault(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ONLY_LOOPBACK.items():
        monkeypatch.setenv(name, value)
    seed = int(os.environ.get("FAULTS_SEED") or f"{datetime.datetime.now(datetime.UTC):%Y%m%d}")
    print(f"the same sample again: FAULTS_SEED={seed}")
    sandbox = Sandbox(tmp_path / "sandbox", engine)
    sandbox.start()
    try:
        results = run(sandbox, tmp_path / "project", Choice("sandbox", seed, SAMPLE))
    finally:
        sandbox.stop()
    assert len(results) == SAMPLE
    assert is_good(results), report(results)
