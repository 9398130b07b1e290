"""The end of a question: after a time that is set at its start, however the answer is dealt out."""

import time

from pulumi_gitlab_runner.http.errors import TimedOutError

SLOWEST_RATE = 16 * 1024
"""Bytes in a second: below it a transfer is given up. A modem does more."""


class Deadline:
    """When a question ends, with all its connections, redirects and tokens.

    Args:
        seconds: how long there is from now.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """The seconds that are left, more than 0.

        Raises:
            TimedOutError: there are none.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimedOutError(self.seconds)
        return left

    def within(self, other: "Deadline") -> "Deadline":
        """This end, or another one that comes first."""
        return self if self._end <= other._end else other


class TransferDeadline(Deadline):
    """The end of a transfer of any size: what has arrived buys further time, at the slowest rate."""

    def add(self, size: int) -> None:
        """Take note of bytes that have arrived."""
        self._end += size / SLOWEST_RATE
