"""The seed of a run: another one every day, and the same again where one is asked for."""

import os
from datetime import UTC, datetime


def seed(variable: str) -> int:
    """The seed that an environment variable names; by default the day's date, so that a failure repeats.

    Args:
        variable: the environment variable.
    """
    given = os.environ.get(variable)
    return int(given) if given else int(datetime.now(UTC).strftime("%Y%m%d"))
