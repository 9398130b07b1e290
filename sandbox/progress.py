"""The progress display of the set-up, on a terminal or in a log."""

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

TERMINAL_INTERVAL_S = 0.2
LOG_INTERVAL_S = 20.0


class Step:
    """A step of the set-up in progress: its title, and its current activity."""

    def __init__(self, title: str, activity: str, write: Callable[[str], None] | None = None) -> None:
        self.title = title
        self.activity = activity
        self.started = time.monotonic()
        self._write = write

    def now(self, activity: str) -> None:
        """Set the current activity; a log shows it at intervals."""
        self.activity = activity

    def tell(self, activity: str) -> None:
        """Set the current activity, and write a permanent line, also on a terminal."""
        self.activity = activity
        if self._write:
            self._write(f"{self.title}: {activity}")

    @property
    def seconds(self) -> int:
        """Whole seconds since the step began."""
        return int(time.monotonic() - self.started)


class Progress:
    """Displays the steps in progress, also concurrent ones.

    On a terminal, one line is updated in place; elsewhere, lines are written at intervals.
    The output goes to standard error; standard output is for the command.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.on_terminal = self.stream.isatty()
        self.lock = threading.Lock()
        self.steps: list[Step] = []
        self.showing = False

    @contextmanager
    def step(self, title: str, activity: str) -> Iterator[Step]:
        """Display a step until the end of the context, then its duration and result."""
        step = Step(title, activity, self.tell)
        with self.lock:
            self.steps.append(step)
            if not self.on_terminal:
                self._write(f"{title}: {activity}")
            if not self.showing:
                self.showing = True
                threading.Thread(target=self._show_until_done, daemon=True).start()
        try:
            yield step
        except BaseException:
            self._end(step, "failed")
            raise
        self._end(step, "ready")

    def tell(self, line: str) -> None:
        """Write a permanent line."""
        with self.lock:
            self._write(line)

    def _end(self, step: Step, result: str) -> None:
        with self.lock:
            self.steps.remove(step)
            self._write(f"{step.title}: {result} after {step.seconds} s")

    def _show_until_done(self) -> None:
        interval = TERMINAL_INTERVAL_S if self.on_terminal else LOG_INTERVAL_S
        while True:
            time.sleep(interval)
            with self.lock:
                if not self.steps:
                    self.showing = False
                    return
                if self.on_terminal:
                    line = " | ".join(
                        f"{step.title}: {step.activity} ({step.seconds} s)" for step in self.steps
                    )
                    self.stream.write(f"\r\x1b[K{line[: shutil.get_terminal_size().columns - 1]}")
                    self.stream.flush()
                else:
                    for step in self.steps:
                        self._write(f"{step.title}: {step.activity} ({step.seconds} s so far)")

    def _write(self, line: str) -> None:
        self.stream.write(f"\r\x1b[K{line}\n" if self.on_terminal else f"{line}\n")
        self.stream.flush()
