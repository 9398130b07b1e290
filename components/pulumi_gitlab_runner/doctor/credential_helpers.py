"""Running credential helpers as a process with its own PATH and environment would."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

from pulumi_gitlab_runner.auth.resolution.helpers import HelperAnswer, RunHelper

PATIENCE = 15.0
"""Seconds that a helper may take."""


@dataclass(frozen=True)
class HelperProcess:
    """Runs helpers as another process would.

    Attributes:
        path: where programs are looked for, separated by colons.
        environment: the environment that they get.
        patience: how many seconds an answer may take.
    """

    path: str
    environment: Mapping[str, str] = field(repr=False)
    patience: float = PATIENCE

    def __call__(self, program: str, action: str, server: str) -> HelperAnswer:
        """Run a helper, or raise the OSError that says why it cannot be run."""
        place = None if "/" in program or "\0" in program else shutil.which(program, path=self.path)
        if place is None:
            raise FileNotFoundError(program)
        try:
            done = subprocess.run(
                [place, action],
                input=server.encode(errors="replace"),
                env=dict(self.environment),
                capture_output=True,
                timeout=self.patience,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise TimeoutError(program) from None
        return HelperAnswer(
            done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        )


def no_helper(program: str, action: str, server: str) -> HelperAnswer:  # noqa: ARG001 - as RunHelper has it
    """A runner without helpers: a hosted one, where nobody can install them, or one that is only declared."""
    raise FileNotFoundError(program)


def asked_once(run_helper: RunHelper) -> RunHelper:
    """The same helpers, each asked once for each registry, whatever number of images needs its answer."""
    answers: dict[tuple[str, str, str], HelperAnswer | OSError] = {}

    def run(program: str, action: str, server: str) -> HelperAnswer:
        question = (program, action, server)
        if question not in answers:
            try:
                answers[question] = run_helper(*question)
            except OSError as error:
                answers[question] = error
        answer = answers[question]
        if isinstance(answer, OSError):
            raise answer
        return answer

    return run
