"""The duration of `./dev up` without changes."""

import os
from statistics import median

from bench.measure import Measure, timed
from sandbox.paths import CHECKOUT

RUNS = 3


def take() -> float:
    """Deploy the stack `sandbox`, then measure further runs; the stack remains deployed."""
    command = [str(CHECKOUT / "dev"), "up"]
    timed(command, CHECKOUT, os.environ)
    return median(timed(command, CHECKOUT, os.environ).seconds for _ in range(RUNS))


UP_WARM = Measure("up_warm_s", "s", f"`./dev up` with nothing to change, median of {RUNS} runs", take)
