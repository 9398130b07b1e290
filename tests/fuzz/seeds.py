"""The seed of a run: a different one every day, or a given one, which repeats a run."""

import os
from datetime import UTC, datetime


def seed(variable: str) -> int:
    """Return the seed in an environment variable; by default the date, so that a failure repeats on its day.

    Args:
        variable: the environment variable.
    """
    given = os.environ.get(variable)
    return int(given) if given else int(datetime.now(UTC).strftime("%Y%m%d"))
