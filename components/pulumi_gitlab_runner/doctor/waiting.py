"""Progress messages while the doctor waits for other services."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

AFTER_S, AGAIN_S = 2.0, 20.0
WAITS_FOR = {
    "host": "the host's files, programs and Docker Engine",
    "image": "the image's registry",
    "job": "the pipeline and the registries of its images",
    "leftovers": "AWS, GitLab and the stack's state",
    "online": "GitLab",
    "pin": "the pipeline and the registries of its images",
}
"""The services that a command waits for, by the command."""


@contextmanager
def waiting(command: str) -> Iterator[None]:
    """Print a line to standard error at intervals while a command runs, also if it is not a terminal."""
    ended = Event()
    started = time.monotonic()

    def report() -> None:
        patience = AFTER_S
        while not ended.wait(patience):
            seconds = int(time.monotonic() - started)
            print(f"runner-doctor: waiting for {WAITS_FOR[command]} ({seconds} s)", file=sys.stderr)
            patience = AGAIN_S

    reporter = Thread(target=report, daemon=True)
    reporter.start()
    try:
        yield
    finally:
        ended.set()
        reporter.join()
