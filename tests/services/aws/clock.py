"""A clock for simulated conditions."""


class Clock:
    """A clock that a test controls."""

    def __init__(self, start: float = 0) -> None:
        self.time = start

    def __call__(self) -> float:
        """The current time."""
        return self.time

    def wait(self, seconds: float) -> None:
        """Advance the clock."""
        self.time += seconds
