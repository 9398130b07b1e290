"""Progress reports of a copy, at intervals."""

import time
from collections.abc import Callable
from threading import Lock

INTERVAL_S = 5.0
_MEGABYTE = 10**6


class Progress:
    """Reports the progress of a copy, once per interval.

    Args:
        what: the name of the image, as in reports.
        show: called with a line of text.
        clock: returns the time, in seconds.
    """

    def __init__(
        self, what: str, show: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._what = what
        self._show = show
        self._clock = clock
        self._next = clock() + INTERVAL_S
        self._lock = Lock()

    def __call__(self, done: int, total: int) -> None:
        """Record the number of copied bytes, and of the bytes to copy."""
        with self._lock:
            now = self._clock()
            if now < self._next:
                return
            self._next = now + INTERVAL_S
        self._show(f"{self._what}: {done / _MEGABYTE:.0f} of {total / _MEGABYTE:.0f} MB")
