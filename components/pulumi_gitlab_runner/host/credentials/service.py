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
"""How long `once`, and so the start of gitlab-runner, waits for all answers."""
AT_ONCE, BUSY_S = 8, 3.0
"""How many questions are asked at once. One without an answer for that long does not count: it hangs."""
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
TURN_S = 1.0
"""How often the list is looked at."""


def boot_clock() -> float:
    """Seconds since the boot, which no setting of the clock changes."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Service:
    """Requests due credentials, and writes those that are valid.

    Args:
        registries: the list.
        files: where to write.
        say: what takes a message for the journal, with its priority.
        ask: asks a question.
        clock: seconds since the boot.
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
        """Ask for everything that is due; return whether every registry has its credential.

        Args:
            wait: the seconds after which it goes on without those that have not answered.
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
        """Go on for ever."""
        self.turn()
        while True:
            self.turn(wait=TURN_S)

    def turn(self, wait: float = 0.0) -> None:
        """Process the answers, request what is due, and write what has changed.

        Args:
            wait: for how many seconds to wait for an answer.
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
            except Exception as error:  # whatever it is, the question is asked again
                answers = dict.fromkeys(question.names, Failure(f"cannot be asked: {type(error).__name__}"))
            self._answers.put((question, answers, now))

        self.credentials.asked(question)
        self._running.append((question, now))
        threading.Thread(target=answer, daemon=True).start()

    def _take_answers(self, wait: float) -> None:
        """Process the available answers; wait for the first."""
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
        """Take a changed list. One that is missing for a moment changes nothing."""
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
        """Write a file that has changed, also one that somebody else has changed."""
        if self._written.get(name) == (text, self._files.mark(name)):
            return
        try:
            self._files.write(name, text)
            self._written[name] = text, self._files.mark(name)
            self._trouble(name, None)
        except OSError as error:
            self._trouble(name, error)

    def _trouble(self, name: str, error: Exception | None) -> None:
        """Say once that a file cannot be read or written, and once that it can."""
        if error and name not in self._troubles:
            self._troubles.add(name)
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            self._say(WARNING, f"{name}: {reason}; what was there before stays")
        elif not error and name in self._troubles:
            self._troubles.remove(name)
            self._say(NOTICE, f"{name}: is good again")
