"""Runs tasks independently of each other within a time limit, and retries temporary failures."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

Result = TypeVar("Result")


class RefusedError(Exception):
    """A permanent failure, which is not retried."""


class TemporaryError(Exception):
    """A temporary failure: a retry may succeed, after `wait` seconds if the service requires that."""

    def __init__(self, message: str, wait: float = 0) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True)
class Clock:
    """The time limit: `end`, in seconds of the clock `now`."""

    end: float
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @property
    def remaining(self) -> float:
        """The remaining seconds."""
        return self.end - self.now()

    def share(self, part: float) -> "Clock":
        """A share of the remaining time."""
        return replace(self, end=self.now() + self.remaining * part)


def attempt_each(
    attempts: Mapping[str, Callable[[], Result]], clock: Clock
) -> tuple[dict[str, Result], dict[str, str]]:
    """Run each task, and retry those with temporary failures, with increasing pauses.

    Returns:
        The results, and the reasons of the failures.
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
