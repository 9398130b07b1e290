"""A credential service whose clock and sources a test controls."""

import base64
import json
import threading
from collections.abc import Callable
from pathlib import Path

from pulumi_gitlab_runner.host.credentials.files import Files
from pulumi_gitlab_runner.host.credentials.questions import Answer, Credential, Failure, Question
from pulumi_gitlab_runner.host.credentials.service import CONFIG, STATE, Service

START = 1000.0
MINUTE, HOUR = 60.0, 3600.0
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
ECR_HELPER = "/usr/bin/docker-credential-ecr-login"
PARAMETER = "parameter eu-west-1"
SECRET = "secret us-east-1 arn:aws:secretsmanager:us-east-1:123456789012:secret:"


class DrivenService:
    """A service in a directory, whose time passes only when the test advances it.

    Attributes:
        now: seconds since the boot.
        asked: every question so far, with its time.
        journal: the lines of the journal.
        answer: returns the answer for a name; by default the name and "first".
        failing: the kinds of sources, or names, that fail, each with the reason.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._registries = directory / "registries"
        self._lists = 0
        self.now = START
        self.asked: list[tuple[float, Question]] = []
        self.journal: list[str] = []
        self.answer: Callable[[str], Answer] = lambda name: Credential("user", f"{name} first")
        self.failing: dict[str, str] = {}
        self.service: Service

    def start(self, *lines: str) -> None:
        """Start the service, or its successor, optionally with a new list of registries."""
        if lines or not self._registries.exists():
            self.declare(*lines)
        self.service = Service(
            self._registries,
            Files(self._directory / "run"),
            lambda priority, text: self.journal.append(f"<{priority}>{text}"),
            self._ask,
            lambda: self.now,
        )
        self.turn()

    def declare(self, *lines: str) -> None:
        """Deliver a list of registries."""
        self._lists += 1
        new = self._registries.with_name(f"registries.{self._lists}")
        new.write_text("# A heading.\n" + "".join(f"{line}\n" for line in lines))
        new.rename(self._registries)

    def turn(self) -> None:
        """Run the service until all its current questions are answered."""
        self.service.turn()
        while any(entry.asking for entry in self.service.credentials.entries.values()):
            self.service.turn(wait=10)

    def advance(self, seconds: float, step: float = 5.0) -> None:
        """Advance the time."""
        ends = self.now + seconds
        while self.now < ends:
            self.now = min(self.now + step, ends)
            self.turn()

    def auths(self) -> dict[str, str]:
        """The user and password of each registry in the Docker configuration."""
        auths = json.loads(self.file(CONFIG).read_text())["auths"]
        return {registry: base64.b64decode(entry["auth"]).decode() for registry, entry in auths.items()}

    def state(self, registry: str) -> dict[str, float | str | None]:
        """The state of a registry."""
        found: dict[str, float | str | None] = json.loads(self.file(STATE).read_text())["registries"][
            registry
        ]
        return found

    def file(self, name: str) -> Path:
        """A file that the service writes."""
        return self._directory / "run" / name

    def questions(self) -> list[str]:
        """The questions so far, each by its source and names."""
        return [f"{each.kind} {each.where}: {' '.join(sorted(each.names))}" for _, each in self.asked]

    def forget(self) -> None:
        """Clear the questions and the journal."""
        self.asked.clear()
        self.journal.clear()

    def _ask(self, question: Question) -> dict[str, Answer]:
        self.asked.append((self.now, question))
        if question.kind in self.failing:
            return dict.fromkeys(question.names, Failure(self.failing[question.kind]))
        return {
            name: Failure(self.failing[name]) if name in self.failing else self.answer(name)
            for name in question.names
        }


class Gate:
    """A source that hangs until the test opens it."""

    def __init__(self) -> None:
        self._open = threading.Event()

    def __call__(self, question: Question) -> dict[str, Answer]:
        """Hang for a name that starts with `hanging`."""
        if any(name.startswith("hanging") for name in question.names):
            self._open.wait(30)
        return {name: Credential("user", name) for name in question.names}

    def open(self) -> None:
        """Let all answers through."""
        self._open.set()
