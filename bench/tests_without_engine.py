"""The duration of the tests that need no engine, no Docker Engine and no other slow program."""

import os
import sys

from bench.measure import Measure, timed
from sandbox.commands import SIDE_BY_SIDE
from sandbox.paths import CHECKOUT

OF_A_SANDBOX = ("AWS_", "GITLAB_", "PULUMI_", "SANDBOX_")
CHOSEN = ("-m", "not engine and not docker and not integration", "--ignore=tests/boot")


def take() -> float:
    """The time of one run, with the processes of `./dev test`, without the sandbox's environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OF_A_SANDBOX)}
    command = [sys.executable, "-m", "pytest", "-q", *SIDE_BY_SIDE, *CHOSEN]
    return timed(command, CHECKOUT, environment).seconds


TEST_SECONDS_WITHOUT_ENGINE = Measure(
    "test_seconds_without_engine",
    "s",
    "for the tests that need neither an engine nor Docker, without those marked `integration`",
    take,
)
