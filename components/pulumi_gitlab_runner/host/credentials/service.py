"""The service: requests due credentials, and writes those that are valid."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path

from .asking import ask
from .files import Files
from .journal import INFO, NOTICE, WARNING
from .questions import Answer, Failure, Question
from .table import Credentials, listed

CONFIG, STATE = "config.json", "state.json"
START_S = 15.0
"""Maximum wait of `once`, and so of the start of gitlab-runner, for all answers, in seconds."""
AT_ONCE, BUSY_S = 8, 3.0
"""The maximum number of concurrent requests, without those that have had no answer for `BUSY_S` seconds."""
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
TURN_S = 1.0
"""The interval of checks for a changed list, in seconds."""


def boot_clock() -> float:
    """Seconds since the boot, independent of changes of the system time."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Service:
    """Requests due credentials, and writes those that are valid.

    Args:
        registries: the path of the list of registries.
        files: the directory of the credentials.
        say: sends a message with a priority to the journal.
        ask: sends a request.
        clock: returns the seconds since the boot.
    """

    def __init__(
        self,
        registries: Path,
        files: Files,
        say: Callable[[int, str], None],
        ask: Callable[[Question], dict[str, Answer]] = ask,
        clock: Callable[[], float] = boot_clock,
    ) -> None:
        self._registries = registries
        self._files = files
        self._say = say
        self._ask = ask
        self._clock = clock
        self._boot = BOOT_ID.read_text().strip()
        self._list_mark: object = None
        self._written: dict[str, tuple[str, tuple[int, int, int]]] = {}
        self._troubles: set[str] = set()
        self._answers: queue.Queue[tuple[Question, dict[str, Answer], float]] = queue.Queue()
        self._running: list[tuple[Question, float]] = []
        self.credentials = Credentials(say)
        self._look_at_list()
        self.credentials.restore(files.read(CONFIG), files.read(STATE), self._boot, clock())

    def once(self, wait: float = START_S) -> bool:
        """Request all credentials that are due; return whether every registry has its credential.

        Args:
            wait: the maximum wait for answers, in seconds.
        """
        ends = time.monotonic() + wait
        self.turn()
        while not self.credentials.all_asked and time.monotonic() < ends:
            self.turn(wait=max(0.0, min(TURN_S, ends - time.monotonic())))
        missing = [registry for registry, entry in self.credentials.entries.items() if not entry.credential]
        there = len(self.credentials.entries) - len(missing)
        still = f"; not yet: {listed(missing)}" if missing else ""
        self._say(INFO, f"{there} of {there + len(missing)} registries have their credentials{still}")
        return not missing

    def serve(self) -> None:
        """Run the service without end."""
        self.turn()
        while True:
            self.turn(wait=TURN_S)

    def turn(self, wait: float = 0.0) -> None:
        """Process the answers, request the credentials that are due, and write the changes.

        Args:
            wait: the maximum wait for an answer, in seconds.
        """
        self._take_answers(wait)
        self._look_at_list()
        now = self._clock()
        for question in self.credentials.questions(now):
            if sum(now - started < BUSY_S for _, started in self._running) >= AT_ONCE:
                break
            self._start(question, now)
        self.credentials.end_old(now)
        self._write(CONFIG, self.credentials.config())
        self._write(STATE, self.credentials.state(self._boot))

    def _start(self, question: Question, now: float) -> None:
        def answer() -> None:
            try:
                answers = self._ask(question)
            except Exception as error:  # after any error, the request is sent again
                answers = dict.fromkeys(question.names, Failure(f"failed: {type(error).__name__}"))
            self._answers.put((question, answers, now))

        self.credentials.asked(question)
        self._running.append((question, now))
        threading.Thread(target=answer, daemon=True).start()

    def _take_answers(self, wait: float) -> None:
        """Process the available answers, after a wait for the first one."""
        try:
            while True:
                question, answers, asked = (
                    self._answers.get(timeout=wait) if wait else self._answers.get_nowait()
                )
                wait = 0.0
                self._running.remove((question, asked))
                self.credentials.answered(question, answers, asked, self._clock())
        except queue.Empty:
            return

    def _look_at_list(self) -> None:
        """Read the list if it has changed. If it is temporarily missing, the last one stays in use."""
        try:
            status = self._registries.stat()
            mark = status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
            if mark != self._list_mark:
                self.credentials.take_list(self._registries.read_text(encoding="utf-8"), self._clock())
                self._list_mark = mark
            self._trouble(str(self._registries), None)
        except (OSError, ValueError) as error:
            self._trouble(str(self._registries), error)

    def _write(self, name: str, text: str) -> None:
        """Write a file if its text has changed, or if another process has changed the file."""
        if self._written.get(name) == (text, self._files.mark(name)):
            return
        try:
            self._files.write(name, text)
            self._written[name] = text, self._files.mark(name)
            self._trouble(name, None)
        except OSError as error:
            self._trouble(name, error)

    def _trouble(self, name: str, error: Exception | None) -> None:
        """Log once that a file cannot be read or written, and once that this is over."""
        if error and name not in self._troubles:
            self._troubles.add(name)
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            self._say(WARNING, f"{name}: {reason}; what was there before stays")
        elif not error and name in self._troubles:
            self._troubles.remove(name)
            self._say(NOTICE, f"{name}: is good again")
