"""Many things to do in a limited time: each is tried by itself, and again where that may help."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

Result = TypeVar("Result")


class RefusedError(Exception):
    """Something that fails again however often it is tried."""


class TemporaryError(Exception):
    """Something that may work in a while, after `wait` seconds if it said so."""

    def __init__(self, message: str, wait: float = 0) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True)
class Clock:
    """The time that there is: it ends at `end`, as `now` counts seconds."""

    end: float
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @property
    def remaining(self) -> float:
        """The seconds that are left."""
        return self.end - self.now()

    def share(self, part: float) -> "Clock":
        """A part of the time that is left."""
        return replace(self, end=self.now() + self.remaining * part)


def attempt_each(
    attempts: Mapping[str, Callable[[], Result]], clock: Clock
) -> tuple[dict[str, Result], dict[str, str]]:
    """Try each; those that may work in a while again, in rounds further and further apart.

    Returns:
        What each gave, and why the others failed.
    """
    done: dict[str, Result] = {}
    failures: dict[str, str] = {}
    pending, wait = dict(attempts), 1.0
    while True:
        for name, attempt in list(pending.items()):
            if clock.remaining <= 0:
                failures.setdefault(name, "no time was left")
                continue
            try:
                done[name] = attempt()
            except TemporaryError as error:
                failures[name] = str(error)
                wait = max(wait, error.wait)
                continue
            except RefusedError as error:
                failures[name] = str(error)
            else:
                failures.pop(name, None)
            del pending[name]
        if not pending or wait >= clock.remaining:
            return done, failures
        clock.sleep(wait)
        wait *= 2
