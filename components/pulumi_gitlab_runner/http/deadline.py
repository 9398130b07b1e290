"""The deadline of a request, set at its start."""

import time

from pulumi_gitlab_runner.http.errors import TimedOutError

SLOWEST_RATE = 16 * 1024
"""The slowest accepted transfer rate, in bytes per second."""


class Deadline:
    """The deadline of a request, with all its connections, redirects and tokens.

    Args:
        seconds: the time until the deadline, in seconds.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """The remaining seconds, more than 0.

        Raises:
            TimedOutError: the deadline has passed.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimedOutError(self.seconds)
        return left

    def within(self, other: "Deadline") -> "Deadline":
        """The earlier of this deadline and another."""
        return self if self._end <= other._end else other


class TransferDeadline(Deadline):
    """The deadline of a transfer of any size: received bytes extend it, at the slowest accepted rate."""

    def add(self, size: int) -> None:
        """Extend the deadline for received bytes."""
        self._end += size / SLOWEST_RATE
