"""How long `./dev up` takes when everything is up already: what a second run costs."""

import os
from statistics import median

from bench.measure import Measure, timed
from sandbox.paths import CHECKOUT

RUNS = 3


def take() -> float:
    """Bring the stack `sandbox` up, then measure further runs; afterwards it is up."""
    command = [str(CHECKOUT / "dev"), "up"]
    timed(command, CHECKOUT, os.environ)
    return median(timed(command, CHECKOUT, os.environ).seconds for _ in range(RUNS))


UP_WARM = Measure("up_warm_s", "s", f"`./dev up` with nothing to change, median of {RUNS} runs", take)
