"""Telling how far a long copy is, not too often."""

import time
from collections.abc import Callable
from threading import Lock

INTERVAL_S = 5.0
_MEGABYTE = 1_000_000


class Progress:
    """Tells of a copy that takes longer than the interval, once in each.

    Args:
        what: what is copied.
        tell: is given a line of text.
        clock: the time, in seconds.
    """

    def __init__(
        self, what: str, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._what = what
        self._tell = tell
        self._clock = clock
        self._next = clock() + INTERVAL_S
        self._lock = Lock()

    def __call__(self, done: int, total: int) -> None:
        """Take note that so many bytes have arrived, of so many."""
        with self._lock:
            now = self._clock()
            if now < self._next:
                return
            self._next = now + INTERVAL_S
        self._tell(f"{self._what}: {done / _MEGABYTE:.0f} of {total / _MEGABYTE:.0f} MB")
